/** kubectl attach: the streams of a container that runs. */
import type { Container } from '../container.ts';
import type { Channels } from './channels.ts';
import type { ExecRequest } from './exec.ts';
import { resizeTerminal } from './terminal.ts';

export function attachOnChannels(channels: Channels, container: Container, request: ExecRequest): void {
  const attachment = container.attach((name, chunk) => {
    if (request.tty || name === 'stdout') channels.send('stdout', chunk);
    else if (request.stderr) channels.send('stderr', chunk);
  });
  const finish = (status: unknown): void => {
    channels.send('error', JSON.stringify(status));
    channels.close();
  };
  if (!attachment)
    return finish({
      metadata: {},
      status: 'Failure',
      reason: 'BadRequest',
      message: `container ${container.spec.name} is not running`,
      code: 400,
    });
  if (request.stdin) channels.onInput((chunk) => attachment.write(chunk));
  if (request.tty) channels.onResize((size) => resizeTerminal(attachment.terminalBelow, size));
  channels.onLeave(() => attachment.detach());
  void container.lifeOver.then(() => finish({ metadata: {}, status: 'Success' }));
}
