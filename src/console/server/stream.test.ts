import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { plantObserved } from '../../../test/support/planted-observed.ts';
import { EventStream } from './stream.ts';
import { localViewer } from './viewer.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('ends for who is not signed in any more, and goes on for others', async () => {
  await using planted = await plantObserved();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const stream = new EventStream(planted.observer);
  const isIn = { ada: true, bob: true };
  const open = (who: keyof typeof isIn): ServerResponse => {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    stream.open(request, response, localViewer, async () => isIn[who]);
    return response;
  };
  const [ada, bob] = [open('ada'), open('bob')];
  await vi.advanceTimersByTimeAsync(60_000);
  expect([ada.writableEnded, bob.writableEnded]).toEqual([false, false]);
  isIn.ada = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([ada.writableEnded, bob.writableEnded]).toEqual([true, false]);
  stream.close();
  expect(bob.writableEnded).toBe(true);
});
