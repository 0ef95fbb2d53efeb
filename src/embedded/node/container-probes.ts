/** The three probes of a container: readiness and liveness begin when the startup probe has succeeded. */
import { type ProbeTarget, startProbing } from './probes.ts';

export interface ProbeListener {
  onReady(ready: boolean): void;
  /** The startup probe has succeeded. */
  onStarted(): void;
  onUnhealthy(kind: 'Startup' | 'Readiness' | 'Liveness', why: string): void;
  /** Failed as often as it may: the container is to be ended, within the grace that the probe states. */
  onGivenUp(kind: 'startup' | 'liveness', graceSeconds: number | undefined): void;
}

/** Starts the probes that the container has. Returns the function that ends them. */
export function startProbes(spec: any, target: ProbeTarget, listener: ProbeListener): () => void {
  const { startupProbe, readinessProbe, livenessProbe } = spec;
  const ends: (() => void)[] = [];
  const begin = (): void => {
    if (readinessProbe)
      ends.push(
        startProbing(readinessProbe, target, {
          onChange: (ok) => listener.onReady(ok),
          onFailure: (why) => listener.onUnhealthy('Readiness', why),
        }),
      );
    else listener.onReady(true);
    if (livenessProbe)
      ends.push(
        startProbing(livenessProbe, target, {
          onChange: (ok) => !ok && listener.onGivenUp('liveness', livenessProbe.terminationGracePeriodSeconds),
          onFailure: (why) => listener.onUnhealthy('Liveness', why),
        }),
      );
  };
  if (!startupProbe) begin();
  else {
    const end = startProbing(startupProbe, target, {
      onChange: (ok) => {
        if (!ok) return listener.onGivenUp('startup', startupProbe.terminationGracePeriodSeconds);
        end();
        listener.onStarted();
        begin();
      },
      onFailure: (why) => listener.onUnhealthy('Startup', why),
    });
    ends.push(end);
  }
  return () => {
    for (const end of ends) end();
  };
}

/** The number of a port that is given by number or by the name that the container gives it. */
export function portOf(spec: any, wanted: string | number): number {
  if (typeof wanted === 'number') return wanted;
  const named = (spec.ports ?? []).find((one: any) => one.name === wanted);
  return named?.containerPort ?? Number(wanted);
}
