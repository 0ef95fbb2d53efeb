/** What the wizards are called and about, without their forms, for menus. */

export interface Offer {
  key: string;
  title: string;
  told: string;
  /** Whether it is about a service, or a namespace will do. */
  of: 'service' | 'namespace';
}

const offer = <K extends string>(key: K, of: Offer['of'], title: string, told: string) => ({ key, of, title, told });

export const offers = {
  shifting: offer(
    'traffic-shifting',
    'service',
    'Traffic shifting',
    'Sends a share of all requests to each version of a service, in whichever cluster it runs',
  ),
  routing: offer(
    'request-routing',
    'service',
    'Request routing',
    'Sends requests with a header, path or method to chosen versions; the new rule stands before those that are there',
  ),
  faults: offer(
    'fault-injection',
    'service',
    'Fault injection',
    'Lets a share of the requests to a service wait or fail, to see how its callers take it',
  ),
  timeouts: offer(
    'request-timeouts',
    'service',
    'Timeouts and retries',
    'Gives up slow requests to a service, and sends failed ones again',
  ),
  breaker: offer(
    'circuit-breaker',
    'service',
    'Circuit breaker',
    'Limits what is sent to a service at the same time, and leaves out endpoints that fail',
  ),
  tls: offer('mutual-tls', 'namespace', 'Mutual TLS', 'What the workloads of a namespace, or of one service, accept'),
  authorization: offer(
    'authorization',
    'namespace',
    'Authorization policy',
    'Who may send which requests to the workloads of a namespace, or of one service',
  ),
};
