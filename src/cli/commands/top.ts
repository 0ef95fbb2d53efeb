import { setTimeout as pause } from 'node:timers/promises';
import type { CommandSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { kubeconfigOptions, openObserver } from '../observed.ts';
import { printStructured } from '../render/structured.ts';
import { styleFor } from '../render/style.ts';

const clearScreen = '\x1b[H\x1b[2J\x1b[3J';

export const top: CommandSpec = {
  name: 'top',
  summary: 'show rates, errors and latencies of workloads as they change',
  description:
    'Shows for each workload of each cluster what arrives, what fails, how long answers take and what it sends, the busiest first. On a terminal it goes on until it is interrupted; elsewhere it prints once.',
  options: [
    { flags: '--duration <time>', description: 'range over which rates are taken, as in 30s, 10m (default: 30s)' },
    { flags: '--namespaces <names>', description: 'only these namespaces, comma-separated (default: all)' },
    { flags: '--interval <seconds>', description: 'time between pictures (default: 2)' },
    { flags: '--once', description: 'print once' },
    ...kubeconfigOptions,
  ],
  formats: true,
  async run(context, _args, options) {
    const { readTop, renderTop } = await import('../traffic.ts');
    const { observer } = await openObserver(context, options);
    await using _observer = observer;
    const isLive = context.out.isTTY === true && context.output === 'table' && options['once'] !== true;
    const interval = Math.max(1, Number(options['interval'] ?? 2) || 2);
    for (;;) {
      const found = await readTop(observer, options);
      if (await printStructured(context, found)) return exitCodes.ok;
      const rows = isLive ? (context.out.rows ?? 40) - 4 : undefined;
      const text = renderTop(found, styleFor(context.out, context.env), rows);
      context.out.write(isLive ? `${clearScreen}${text}\n` : `${text}\n`);
      if (!isLive || context.signal.aborted) return exitCodes.ok;
      await pause(interval * 1000, undefined, { signal: context.signal }).catch(() => {});
      if (context.signal.aborted) return exitCodes.ok;
    }
  },
};
