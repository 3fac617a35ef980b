import { expect, test, vi } from 'vitest';
import { createMeter } from './metrics.ts';

const metered = () => {
  const lines: string[] = [];
  return { meter: createMeter({ HOLDPOINT_METRICS: 'emf', HOLDPOINT_ENV: 'dev' }, (line) => lines.push(line)), lines };
};

test('one invocation is one line in the embedded metric format, under the name of its execution', () => {
  const { meter, lines } = metered();
  meter.add('LlmSpend', 0.25);
  meter.add('LlmSpend', 0.5);
  meter.add('DegradedAnswers', 1);
  meter.flush('job-0123456789ab-1');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Holdpoint',
            Dimensions: [['environment']],
            Metrics: [
              { Name: 'LlmSpend', Unit: 'None' },
              { Name: 'DegradedAnswers', Unit: 'Count' },
            ],
          },
        ],
      },
      correlation_id: 'job-0123456789ab-1',
      environment: 'dev',
      LlmSpend: [0.25, 0.5],
      DegradedAnswers: 1,
    },
  ]);
});

test('the funnel has the state as dimension, and nothing ever has a job', () => {
  const { meter, lines } = metered();
  meter.done('Compile');
  meter.add('AppendConflicts', 1);
  meter.flush('job-0123456789ab-1');
  const dimensions = lines.map((line) => JSON.parse(line)._aws.CloudWatchMetrics[0].Dimensions);
  expect(dimensions).toEqual([[['environment', 'state']], [['environment']]]);
});

test('a line says which jobs it is about, where that was said, and has none as dimension', () => {
  const { meter, lines } = metered();
  meter.add('AppendConflicts', 1, '0123456789ab');
  meter.add('AppendConflicts', 1, '0123456789ab');
  meter.flush('r');
  meter.add('AppendConflicts', 1);
  meter.flush('r');
  const [named, unnamed] = lines.map((line) => JSON.parse(line));
  expect(named).toMatchObject({
    job_id: '0123456789ab',
    AppendConflicts: [1, 1],
    _aws: { CloudWatchMetrics: [{ Dimensions: [['environment']] }] },
  });
  expect(unnamed).not.toHaveProperty('job_id');
});

test('what was written is not written again, and an invocation that counted nothing writes nothing', () => {
  const { meter, lines } = metered();
  meter.add('AppendConflicts', 1);
  meter.flush(null);
  meter.flush(null);
  expect(lines).toHaveLength(1);
});

test('without HOLDPOINT_METRICS=emf, as on this machine, nothing is written', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const meter = createMeter({ HOLDPOINT_METRICS: 'off', HOLDPOINT_ENV: 'local' });
  meter.add('LlmSpend', 1);
  meter.done('Run');
  meter.flush('r');
  expect(write).not.toHaveBeenCalled();
  write.mockRestore();
});
