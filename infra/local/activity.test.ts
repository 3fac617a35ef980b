import { expect, it } from 'vitest';
import { createActivity } from './activity.ts';

/** Moves on by 30 ms each time it is asked. */
const clock = () => {
  let at = 0;
  return () => (at += 30);
};

it('waits while somebody waits for something, and a moment longer', async () => {
  const activity = createActivity();
  let done = false;
  const work = activity.during(() => new Promise((resolve) => setTimeout(resolve, 60)).then(() => (done = true)));
  await activity.quiet();
  expect(done).toBe(true);
  await work;
});

it('has patience, not for ever', async () => {
  const activity = createActivity(clock());
  void activity.during(() => new Promise(() => undefined));
  await activity.quiet();
});

it('hears of what failed as it hears of what did not', async () => {
  const activity = createActivity();
  await expect(activity.during(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await activity.quiet();
});
