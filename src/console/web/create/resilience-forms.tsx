/** Wizards for what happens when a service is slow, fails, or is made to. */
import { breakerMistake, type CircuitBreaker, circuitBreaker, presentBreaker } from '../../wizards/circuit-breaker.ts';
import { type Faults, faultInjection, faultsMistake, presentFaults } from '../../wizards/faults.ts';
import {
  defaultRetryOn,
  presentTimeouts,
  requestTimeouts,
  type Timeouts,
  timeoutsMistake,
} from '../../wizards/timeouts.ts';
import { NumberField, OptionalPart, TextField } from './fields.tsx';
import { offers } from './offers.ts';
import { type FormProps, wizard } from './wizard.ts';

/** An empty field is no number: it is a mistake that the form tells, and not a default. */
const orNaN = (value: number | undefined): number => value ?? Number.NaN;

export const faults = wizard<Faults>({
  ...offers.faults,
  start: (_subject, present) => presentFaults(present),
  Form: FaultsForm,
  build: (subject, state, present) => faultInjection(subject.service!, state, present),
  mistake: (state, _subject, present) => faultsMistake(state, present),
});

function FaultsForm({ state: { delay, abort }, onChange }: FormProps<Faults>) {
  const set = (next: { delay?: Faults['delay'] | undefined; abort?: Faults['abort'] | undefined }): void => {
    const merged = { delay, abort, ...next };
    onChange({ ...(merged.delay ? { delay: merged.delay } : {}), ...(merged.abort ? { abort: merged.abort } : {}) });
  };
  return (
    <>
      <OptionalPart
        label="Requests wait"
        help="The client's proxy holds them back before they are sent"
        on={delay !== undefined}
        onChange={(on) => set({ delay: on ? { percent: 10, seconds: 2 } : undefined })}
      >
        {delay && (
          <>
            <NumberField
              label="Delay"
              unit="seconds"
              value={delay.seconds}
              onChange={(seconds) => set({ delay: { ...delay, seconds: orNaN(seconds) } })}
            />
            <NumberField
              label="Share delayed"
              unit="%"
              value={delay.percent}
              onChange={(percent) => set({ delay: { ...delay, percent: orNaN(percent) } })}
            />
          </>
        )}
      </OptionalPart>
      <OptionalPart
        label="Requests fail"
        help="The client's proxy answers them itself"
        on={abort !== undefined}
        onChange={(on) => set({ abort: on ? { percent: 10, status: 503 } : undefined })}
      >
        {abort && (
          <>
            <NumberField
              label="HTTP status"
              value={abort.status}
              onChange={(status) => set({ abort: { ...abort, status: orNaN(status) } })}
            />
            <NumberField
              label="Share failed"
              unit="%"
              value={abort.percent}
              onChange={(percent) => set({ abort: { ...abort, percent: orNaN(percent) } })}
            />
          </>
        )}
      </OptionalPart>
    </>
  );
}

export const timeouts = wizard<Timeouts>({
  ...offers.timeouts,
  start: (_subject, present) => presentTimeouts(present),
  Form: TimeoutsForm,
  build: (subject, state, present) => requestTimeouts(subject.service!, state, present),
  mistake: (state, _subject, present) => timeoutsMistake(state, present),
});

function TimeoutsForm({ state: { timeout, retries }, onChange }: FormProps<Timeouts>) {
  const set = (next: { timeout?: number | undefined; retries?: Timeouts['retries'] | undefined }): void => {
    const merged = { timeout, retries, ...next };
    onChange({
      ...(merged.timeout === undefined ? {} : { timeout: merged.timeout }),
      ...(merged.retries ? { retries: merged.retries } : {}),
    });
  };
  return (
    <>
      <OptionalPart
        label="Timeout"
        help="For a request with all its tries; without it there is none"
        on={timeout !== undefined}
        onChange={(on) => set({ timeout: on ? 5 : undefined })}
      >
        <NumberField
          label="Timeout"
          unit="seconds"
          value={timeout}
          onChange={(value) => set({ timeout: orNaN(value) })}
        />
      </OptionalPart>
      <OptionalPart
        label="Retries"
        help="Without it Istio's own hold: two more tries when a connection fails; 0 attempts turn them off"
        on={retries !== undefined}
        onChange={(on) => set({ retries: on ? { attempts: 3, retryOn: defaultRetryOn } : undefined })}
      >
        {retries && (
          <>
            <NumberField
              label="Attempts after the first"
              value={retries.attempts}
              min={0}
              onChange={(attempts) => set({ retries: { ...retries, attempts: orNaN(attempts) } })}
            />
            <NumberField
              label="Timeout of each try"
              unit="seconds"
              value={retries.perTryTimeout}
              help="Empty: that of the request"
              onChange={(value) => {
                const { perTryTimeout: _, ...rest } = retries;
                set({ retries: value === undefined ? rest : { ...rest, perTryTimeout: value } });
              }}
            />
            <TextField
              label="Tried again on"
              value={retries.retryOn}
              help="Envoy's names, as in 5xx, gateway-error, reset, connect-failure, retriable-status-codes"
              onChange={(retryOn) => set({ retries: { ...retries, retryOn } })}
            />
          </>
        )}
      </OptionalPart>
    </>
  );
}

export const breaker = wizard<CircuitBreaker>({
  ...offers.breaker,
  start: (_subject, present) => presentBreaker(present),
  Form: BreakerForm,
  build: (subject, state, present) => circuitBreaker(subject.service!, state, present),
  mistake: (state, _subject, present) => breakerMistake(state, present),
});

function BreakerForm({ state, onChange }: FormProps<CircuitBreaker>) {
  const { outliers } = state;
  const set = (change: Partial<CircuitBreaker>): void => onChange({ ...state, ...change });
  const setOutliers = (change: Partial<NonNullable<CircuitBreaker['outliers']>>): void =>
    set({ outliers: outliers && { ...outliers, ...change } });
  return (
    <>
      <fieldset className="ist-fieldset">
        <legend>Limits of each client's proxy; empty: no limit</legend>
        <div className="ist-fields">
          <NumberField
            label="TCP connections"
            value={state.maxConnections}
            min={1}
            onChange={(maxConnections) => set({ maxConnections })}
          />
          <NumberField
            label="Requests that wait"
            value={state.maxPendingRequests}
            min={1}
            onChange={(maxPendingRequests) => set({ maxPendingRequests })}
          />
          <NumberField
            label="Requests at the same time"
            value={state.maxRequests}
            min={1}
            onChange={(maxRequests) => set({ maxRequests })}
          />
        </div>
      </fieldset>
      <OptionalPart
        label="Leave out endpoints that fail"
        help="Outlier detection; needed as well for requests to stay in their own region while it works"
        on={outliers !== undefined}
        onChange={(on) =>
          set({
            outliers: on
              ? { consecutive5xxErrors: 5, interval: 10, baseEjectionTime: 30, maxEjectionPercent: 100 }
              : undefined,
          })
        }
      >
        {outliers && (
          <>
            <NumberField
              label="Errors in a row"
              value={outliers.consecutive5xxErrors}
              min={1}
              onChange={(value) => setOutliers({ consecutive5xxErrors: orNaN(value) })}
            />
            <NumberField
              label="Looked at every"
              unit="seconds"
              value={outliers.interval}
              onChange={(value) => setOutliers({ interval: orNaN(value) })}
            />
            <NumberField
              label="Left out for"
              unit="seconds"
              value={outliers.baseEjectionTime}
              onChange={(value) => setOutliers({ baseEjectionTime: orNaN(value) })}
            />
            <NumberField
              label="Of all endpoints at most"
              unit="%"
              value={outliers.maxEjectionPercent}
              onChange={(value) => setOutliers({ maxEjectionPercent: orNaN(value) })}
            />
          </>
        )}
      </OptionalPart>
    </>
  );
}
