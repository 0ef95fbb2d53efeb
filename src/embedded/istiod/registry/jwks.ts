/**
 * The keys of token issuers, which istiod fetches for the proxies, as Istio's does: at once when a policy names them, again every twenty
 * minutes, and sooner while it fails.
 */
import { messageOf } from '../../../errors/index.ts';
import type { KubeObject } from '../../../kube/index.ts';
import { jwksSource, jwksTimeout } from '../security/request-authentication.ts';

export interface JwksOptions {
  /** Called when keys are other than they were. */
  onChange: (source: string) => void;
  log: (line: string) => void;
  /** Milliseconds. */
  refreshMs?: number;
  retryMs?: number;
}

interface Followed {
  timeoutMs: number;
  failures: number;
  timer?: NodeJS.Timeout;
  firstAttempt: Promise<void>;
}

const twentyMinutes = 20 * 60_000;
const longestRetryMs = 60_000;
/** More than any issuer has. */
const mostBytes = 1_048_576;

export class Jwks {
  readonly #options: JwksOptions;
  readonly #followed = new Map<string, Followed>();
  #keys: ReadonlyMap<string, string> = new Map();

  constructor(options: JwksOptions) {
    this.#options = options;
  }

  /** Keys by their source; each change makes a new map. */
  current(): ReadonlyMap<string, string> {
    return this.#keys;
  }

  /** Follows the sources that the policies name, and no others. Returns when each new one was asked once, with or without success. */
  async follow(policies: readonly KubeObject[]): Promise<void> {
    const rules = policies.flatMap((policy): any[] => policy['spec']?.jwtRules ?? []).filter((rule) => !rule.jwks);
    const wanted = new Map(rules.map((rule) => [jwksSource(rule), jwksTimeout(rule)]));
    for (const [source, { timer }] of this.#followed) {
      if (wanted.has(source)) continue;
      clearTimeout(timer);
      this.#followed.delete(source);
      this.#keep(source, undefined);
    }
    for (const [source, timeoutMs] of wanted) {
      const known = this.#followed.get(source);
      if (known) known.timeoutMs = timeoutMs;
      else {
        const one: Followed = { timeoutMs, failures: 0, firstAttempt: Promise.resolve() };
        this.#followed.set(source, one);
        one.firstAttempt = this.#refresh(source, one);
      }
    }
    await Promise.all([...wanted.keys()].map((source) => this.#followed.get(source)?.firstAttempt));
  }

  stop(): void {
    for (const { timer } of this.#followed.values()) clearTimeout(timer);
    this.#followed.clear();
  }

  async #refresh(source: string, one: Followed): Promise<void> {
    const { refreshMs = twentyMinutes, retryMs = 1000, onChange, log } = this.#options;
    let next = refreshMs;
    try {
      const keys = await fetchKeys(source, one.timeoutMs);
      one.failures = 0;
      if (this.#followed.get(source) === one && this.#keys.get(source) !== keys) {
        this.#keep(source, keys);
        onChange(source);
      }
    } catch (error) {
      // Keys that were fetched once stay in use.
      next = Math.min(retryMs * 2 ** one.failures++, longestRetryMs);
      log(`keys of ${source} are not fetched, asked again in ${next / 1000} s: ${messageOf(error)}`);
    }
    if (this.#followed.get(source) !== one) return;
    one.timer = setTimeout(() => void this.#refresh(source, one), next);
    one.timer.unref();
  }

  #keep(source: string, keys: string | undefined): void {
    const next = new Map(this.#keys);
    if (keys === undefined) next.delete(source);
    else next.set(source, keys);
    this.#keys = next;
  }
}

/** @throws Error when there is no answer, or one that holds no keys. */
async function fetchKeys(source: string, timeoutMs: number): Promise<string> {
  const first = await fetchJson(source, timeoutMs);
  if (!source.endsWith('/.well-known/openid-configuration')) return first;
  const { jwks_uri: uri } = JSON.parse(first);
  if (typeof uri !== 'string') throw new Error('the issuer does not say where its keys are (jwks_uri)');
  return fetchJson(uri, timeoutMs);
}

async function fetchJson(address: string, timeoutMs: number): Promise<string> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(timeoutMs) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  if (text.length > mostBytes) throw new Error(`${address} answers with more than ${mostBytes} bytes`);
  JSON.parse(text);
  return text;
}
