/**
 * Runs in the network of a pod while ports of it are forwarded: takes connections on a Unix socket and carries each to the pod's own
 * loopback, where the kubelet itself cannot go. A connection begins with the port as five digits, and is answered by a line that is empty
 * or says why there is none. Argument: the path of the socket; the end of standard input ends it.
 */
import { connect, createServer, type Socket } from 'node:net';

const path = process.argv[2]!;

const server = createServer({ allowHalfOpen: true }, (near) => {
  near.on('error', () => near.destroy());
  const begin = (): void => {
    const digits: Buffer | null = near.read(5);
    if (!digits) return;
    near.off('readable', begin);
    carry(near, Number(digits.toString()));
  };
  near.on('readable', begin);
});

function carry(near: Socket, port: number): void {
  const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let isConnected = false;
  far.once('connect', () => {
    isConnected = true;
    near.write('\n');
    near.pipe(far);
    far.pipe(near);
  });
  far.on('error', (error) => {
    if (isConnected) near.destroy();
    else near.end(`${error.message}\n`);
  });
  near.on('close', () => far.destroy());
}

server.listen(path, () => process.stdout.write('ready\n'));
process.stdin.on('end', () => process.exit(0)).resume();
