import { breaker, faults, timeouts } from './resilience-forms.tsx';
import { authorization, tls } from './security-forms.tsx';
import { routing, shifting } from './traffic-forms.tsx';

/** All wizards, in the order in which they are offered. */
export const wizards = [shifting, routing, faults, timeouts, breaker, tls, authorization];
