import { onAllRoutes } from './all-routes.ts';
import {
  durationMistakes,
  type Existing,
  rangeMistakes,
  resultOf,
  type WizardMistake,
  type WizardResult,
  type WizardService,
} from './wizard.ts';

export interface Resilience {
  /** Of the whole request, retries included. */
  timeout?: string;
  /** 0 attempts: none. */
  retries?: { attempts: number; perTryTimeout?: string; retryOn?: string };
}

export interface RequestTimeouts extends Resilience {
  service: WizardService;
  existing?: Existing;
}

/** How long requests of a service may take, and how often they are tried. Neither: Istio's defaults. */
export function requestTimeouts(input: RequestTimeouts): WizardResult {
  const { service, existing = {} } = input;
  return resultOf(resilienceMistakes('', input), () =>
    onAllRoutes(service, existing, 'request-timeouts', ({ timeout: _, retries: _before, ...route }) => ({
      ...route,
      ...resilienceOf(input),
    })),
  );
}

export function resilienceMistakes(at: string, { timeout, retries }: Resilience): WizardMistake[] {
  return [
    ...durationMistakes(`${at}timeout`, timeout),
    ...rangeMistakes(`${at}retries.attempts`, retries?.attempts, [0, 100]),
    ...durationMistakes(`${at}retries.perTryTimeout`, retries?.perTryTimeout),
  ];
}

export function resilienceOf({ timeout, retries }: Resilience): Resilience {
  return {
    ...(timeout ? { timeout } : {}),
    ...(retries
      ? {
          retries: {
            attempts: retries.attempts,
            ...(retries.perTryTimeout ? { perTryTimeout: retries.perTryTimeout } : {}),
            ...(retries.retryOn ? { retryOn: retries.retryOn } : {}),
          },
        }
      : {}),
  };
}
