/** kubectl port-forward: each connection is a pair of streams, one for its bytes and one for what went wrong. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type SpdyStream, serveSpdy } from './spdy.ts';

export interface ForwardedPod {
  /** namespace/name, for messages. */
  name: string;
  netns: string;
  /** For the socket; its path is short. */
  folder: string;
}

let relays = 0;

/** Serves one client until it leaves. */
export async function forwardPorts(transport: Duplex, pod: ForwardedPod): Promise<void> {
  const relay = startRelay(pod);
  const pairs = new Map<string, Partial<Record<'error' | 'data', SpdyStream>>>();
  try {
    await serveSpdy(transport, (stream) => {
      const { streamtype, port, requestid = port ?? '' } = stream.headers;
      if (streamtype !== 'error' && streamtype !== 'data') return stream.reset();
      const pair = { ...pairs.get(requestid), [streamtype]: stream };
      pairs.set(requestid, pair);
      if (!pair.error || !pair.data) return;
      pairs.delete(requestid);
      void carry(relay, Number(port), pod, pair.error, pair.data);
    });
  } finally {
    relay.end();
  }
}

interface Relay {
  /** @throws Error when nothing listens there. */
  connect(port: number): Promise<Socket>;
  end(): void;
}

async function carry(
  relay: Relay,
  port: number,
  pod: ForwardedPod,
  error: SpdyStream,
  data: SpdyStream,
): Promise<void> {
  try {
    const far = await relay.connect(port);
    far.pipe(data);
    data.pipe(far);
    far.on('error', () => data.reset());
    data.on('close', () => far.destroy());
    await once(far, 'close').catch(() => {});
    error.end();
  } catch (reason) {
    error.end(`an error occurred forwarding ${port} to pod ${pod.name}: ${(reason as Error).message}`);
    data.reset();
  }
}

function startRelay({ netns, folder }: ForwardedPod): Relay {
  const path = join(folder, `relay-${++relays}`);
  const script = join(import.meta.dirname, 'pod-relay.ts');
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, '--max-semi-space-size=1', script, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  const ready = Promise.race([
    once(child.stdout, 'data'),
    once(child, 'close').then(() => Promise.reject(new Error('the network of the pod cannot be entered'))),
  ]);
  ready.catch(() => {});
  return {
    async connect(port) {
      await ready;
      const socket = connect({ path, allowHalfOpen: true });
      socket.write(String(port).padStart(5, '0'));
      const answer = await firstLine(socket);
      if (answer === '') return socket;
      socket.destroy();
      throw new Error(answer);
    },
    end() {
      child.stdin.end();
      rmSync(path, { force: true });
    },
  };
}

/** What comes before the first line feed; what comes after it stays to be read. */
async function firstLine(socket: Socket): Promise<string> {
  let line = '';
  for (;;) {
    const byte: Buffer | null = socket.read(1);
    if (!byte) await once(socket, 'readable');
    else if (byte[0] === 10) return line;
    else line += byte.toString('latin1');
  }
}
