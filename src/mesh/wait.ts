/** Waiting for objects, by watch: with the reason that was last seen, and a deadline that ends in that reason. */
import { IsthmusError } from '../errors/index.ts';
import { Informer, type Kind, type KubeClient, type KubeObject } from '../kube/index.ts';

/** Undefined when the object is as it should be; otherwise why not, and what would end the wait. */
export type Judge<T extends KubeObject> = (object: T | undefined) => string | undefined;

export interface Waiter {
  /** Returns the object when it is as it should be. @throws IsthmusError `mesh.wait` at the deadline, with the last reason. */
  for<T extends KubeObject>(
    client: KubeClient,
    kind: Kind,
    name: string,
    namespace: string | undefined,
    judge: Judge<T>,
    explain?: () => Promise<string | undefined>,
  ): Promise<T>;
}

export function waiter(options: { deadline: number; signal: AbortSignal; tell: (reason: string) => void }): Waiter {
  return {
    async for<T extends KubeObject>(
      client: KubeClient,
      kind: Kind,
      name: string,
      namespace: string | undefined,
      judge: Judge<T>,
      explain?: () => Promise<string | undefined>,
    ): Promise<T> {
      options.signal.throwIfAborted();
      const where = [client.name, namespace, name].filter(Boolean).join('/');
      const informer = new Informer<T>(client, kind, {
        fieldSelector: `metadata.name=${name}`,
        ...(namespace ? { namespace } : {}),
      });
      const done = Promise.withResolvers<T>();
      let reason = `waiting for ${kind.kind} ${where}`;
      const look = (): void => {
        const object = informer.get(namespace, name);
        const why = judge(object);
        if (why === undefined && object) return done.resolve(object);
        reason = why ?? `${kind.kind} ${where} does not exist yet`;
        options.tell(reason);
      };
      informer.on(look);
      informer.start();
      void informer.synced.then(look);
      const onAbort = (): void => done.reject(options.signal.reason);
      options.signal.addEventListener('abort', onAbort, { once: true });
      const explaining = explain
        ? setInterval(() => void explain().then((more) => more && options.tell(`${reason}: ${more}`)), 1_000)
        : undefined;
      const timer = setTimeout(
        () => {
          void (async () => {
            const more = (await explain?.().catch(() => undefined)) ?? informer.lastError;
            done.reject(
              new IsthmusError({
                code: 'mesh.wait',
                what: reason,
                where,
                ...(more ? { why: more } : {}),
                fix: 'mend what is named here and run `isthmus up` again: it goes on where it stood',
              }),
            );
          })();
        },
        Math.max(0, options.deadline - Date.now()),
      );
      try {
        return await done.promise;
      } finally {
        clearTimeout(timer);
        clearInterval(explaining);
        options.signal.removeEventListener('abort', onAbort);
        await informer.stop();
      }
    },
  };
}
