// One file, so that the templates are synthesized once: that takes longer than all of these tests together.
import './stack/alarms.ts';
import './stack/blind-spots.ts';
import './stack/measured.ts';
import './stack/functions.ts';
import './stack/http-api.ts';
import './stack/machines.ts';
import './stack/operations.ts';
import './stack/runner.ts';
import './stack/state.ts';
// Last: it breaks what the others declared.
import './stack/broken.ts';
