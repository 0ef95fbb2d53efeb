/** The certificate of one proxy: asked for with the pod's token, renewed before its life is over, and told to who listens. */
import { messageOf } from '../../../errors/index.ts';
import { createCsr, readCertificate } from '../../../pki/index.ts';
import { decodeCertificateResponse, encodeCertificateRequest } from '../../proto/index.ts';

export interface WorkloadCertificate {
  keyPem: string;
  chainPem: string;
  rootPem: string;
}

export interface CertificateSource {
  current(): WorkloadCertificate | undefined;
  subscribe(listener: () => void): void;
  /** Asks for a new one now. */
  renew(): void;
  stop(): void;
}

const firstPauseMs = 100;
const longestPauseMs = 10_000;

/**
 * @param call sends the encoded request to istiod and gives the encoded answer.
 * @param settings seconds of its life, and the part of it after which it is renewed
 */
export function keepCertificate(
  id: string,
  settings: { certificateSeconds: number; renewAt: number },
  call: (request: Buffer) => Promise<Buffer>,
  log: (line: string) => void,
): CertificateSource {
  let held: WorkloadCertificate | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;
  let stopped = false;
  const listeners = new Set<() => void>();
  const renew = async (): Promise<void> => {
    try {
      const { csrPem, keyPem } = await createCsr({ uris: [id] });
      const chain = decodeCertificateResponse(
        await call(encodeCertificateRequest({ csr: csrPem, validityDuration: settings.certificateSeconds })),
      );
      if (stopped) return;
      // The last element is the root bundle; what stands before is the leaf and what leads to the root.
      held = { keyPem, chainPem: chain.slice(0, -1).join(''), rootPem: chain.at(-1) ?? '' };
      const { notBefore, notAfter } = readCertificate(chain[0] ?? '');
      const life = notAfter.getTime() - notBefore.getTime();
      const jitter = 1 + (Math.random() - 0.5) * 0.02;
      schedule(Math.max(1_000, notBefore.getTime() + life * settings.renewAt * jitter - Date.now()));
      pauseMs = firstPauseMs;
      for (const listener of listeners) listener();
    } catch (error) {
      if (stopped) return;
      log(`no certificate from istiod: ${messageOf(error)}`);
      schedule(pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  const schedule = (ms: number): void => {
    timer = setTimeout(() => void renew(), Math.min(ms, 2 ** 31 - 1));
    timer.unref();
  };
  void renew();
  return {
    current: () => held,
    subscribe: (listener) => listeners.add(listener),
    renew() {
      if (stopped) return;
      clearTimeout(timer);
      void renew();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
