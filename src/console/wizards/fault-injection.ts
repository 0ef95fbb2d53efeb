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

export interface Fault {
  delay?: { percent: number; fixedDelay: string };
  abort?: { percent: number; httpStatus: number };
}

export interface FaultInjection extends Fault {
  service: WizardService;
  existing?: Existing;
}

/** Some requests of a service are made to wait, or to fail, by the clients' proxies. Neither: faults are taken away. */
export function faultInjection(input: FaultInjection): WizardResult {
  const { service, existing = {} } = input;
  return resultOf(faultMistakes('', input), () =>
    onAllRoutes(service, existing, 'fault-injection', ({ fault: _, ...route }) => ({ ...route, ...faultOf(input) })),
  );
}

export function faultMistakes(at: string, { delay, abort }: Fault): WizardMistake[] {
  return [
    ...rangeMistakes(`${at}delay.percent`, delay?.percent, [0, 100], false),
    ...durationMistakes(`${at}delay.fixedDelay`, delay?.fixedDelay),
    ...rangeMistakes(`${at}abort.percent`, abort?.percent, [0, 100], false),
    ...rangeMistakes(`${at}abort.httpStatus`, abort?.httpStatus, [200, 599]),
  ];
}

export function faultOf({ delay, abort }: Fault): { fault?: object } {
  if (!delay && !abort) return {};
  return {
    fault: {
      ...(delay ? { delay: { percentage: { value: delay.percent }, fixedDelay: delay.fixedDelay } } : {}),
      ...(abort ? { abort: { percentage: { value: abort.percent }, httpStatus: abort.httpStatus } } : {}),
    },
  };
}
