import type { Notification } from '../../../contracts/notification.ts';
import { canonicalJson } from '../canonical-json.ts';

/** Body of a webhook: the notification itself, as canonical JSON, so that a repetition has the same bytes. */
export const renderWebhook = (notification: Notification): string => canonicalJson(notification);
