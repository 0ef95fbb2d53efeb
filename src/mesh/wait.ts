/** Waiting for objects, by watch: with the reason that was last seen, and a deadline that ends in that reason. */
import { IsthmusError, messageOf } from '../errors/index.ts';
import { Informer, type Kind, type KubeClient, type KubeObject } from '../kube/index.ts';

/** What keeps an object from being as it should be. */
export interface Lack {
  why: string;
  /** What would end the wait: reads on after "it ends when". */
  ends: string;
}

/** A lack, and whose it is. */
export interface Unready extends Lack {
  cluster: string;
  /** Kind, and namespace/name. */
  object: string;
}

/** Undefined when the object is as it should be. It is given undefined where the object does not exist. */
export type Judge<T extends KubeObject> = (object: T | undefined) => Lack | undefined;

export interface Awaited<T extends KubeObject> {
  client: KubeClient;
  kind: Kind;
  name: string;
  namespace?: string;
  judge: Judge<T>;
  /** What a plan takes for it while it is not there, with a text where a value is not known yet. */
  assumed?: (unknownYet: string) => T;
  /** Looks deeper, at what other objects say of the cause. Asked again and again while the wait lasts. */
  explain?: () => Promise<string | undefined>;
}

export interface Waiter {
  /** Returns the object when it is as it should be. @throws IsthmusError `mesh.wait` at the deadline, with the last reason. */
  for<T extends KubeObject>(what: Awaited<T>): Promise<T>;
}

export interface WaiterOptions {
  /** Milliseconds since the epoch. */
  deadline: number;
  signal: AbortSignal;
  /** Told of each reason once, when it changes. */
  tell: (reason: Unready) => void;
}

const explainEveryMs = 1_000;
const longestExplanationMs = 3_000;

export function waiter(options: WaiterOptions): Waiter {
  return { for: (what) => waitFor(what, options) };
}

async function waitFor<T extends KubeObject>(what: Awaited<T>, options: WaiterOptions): Promise<T> {
  const { client, kind, name, namespace, judge } = what;
  const { signal } = options;
  signal.throwIfAborted();
  const object = `${kind.kind} ${[namespace, name].filter(Boolean).join('/')}`;
  const informer = new Informer<T>(client, kind, {
    fieldSelector: `metadata.name=${name}`,
    ...(namespace ? { namespace } : {}),
  });
  const done = Promise.withResolvers<T>();
  let lack: Lack = { why: 'it has not been read yet', ends: 'the API server answers' };
  let cause: string | undefined;
  let told = '';
  let isOver = false;
  const tell = (): void => {
    if (isOver) return;
    const reason = { cluster: client.name, object, ...lack, why: cause ? `${lack.why}: ${cause}` : lack.why };
    const text = sentence(reason);
    if (text !== told) options.tell(reason);
    told = text;
  };
  const look = (): void => {
    const found = informer.get(namespace, name);
    const seen = judge(found);
    if (!seen && found) return done.resolve(found);
    lack = seen ?? { why: 'it does not exist', ends: 'it is created' };
    tell();
  };
  const explain = async (): Promise<void> => {
    cause = (await explanation(what)) ?? informer.lastError;
  };
  informer.on(look);
  informer.start();
  void informer.synced.then(look);
  const onAbort = (): void => done.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const explaining = setInterval(() => void explain().then(tell), explainEveryMs);
  const onDeadline = async (): Promise<void> => {
    await explain();
    done.reject(deadlineError({ cluster: client.name, object, ...lack }, cause));
  };
  const timer = setTimeout(() => void onDeadline(), Math.max(0, options.deadline - Date.now()));
  try {
    return await done.promise;
  } finally {
    isOver = true;
    clearTimeout(timer);
    clearInterval(explaining);
    signal.removeEventListener('abort', onAbort);
    await informer.stop();
  }
}

/** An explanation that fails, or takes long, is none: it must neither end the wait nor prolong it. */
async function explanation({ explain }: Pick<Awaited<KubeObject>, 'explain'>): Promise<string | undefined> {
  if (!explain) return undefined;
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), longestExplanationMs);
  try {
    return await Promise.race([explain(), late.promise]);
  } catch (error) {
    return `its cause cannot be read: ${messageOf(error)}`;
  } finally {
    clearTimeout(timer);
  }
}

/** A reason as people read it. */
export const sentence = ({ object, why, ends }: Unready): string => `${object}: ${why}; it ends when ${ends}`;

function deadlineError({ cluster, object, why, ends }: Unready, cause: string | undefined): IsthmusError {
  return new IsthmusError({
    code: 'mesh.wait',
    what: `${object} is not ready: ${why}`,
    where: cluster,
    ...(cause ? { why: cause } : {}),
    fix: `see to it that ${ends}, then run \`isthmus up\` again: it goes on where it stood`,
  });
}
