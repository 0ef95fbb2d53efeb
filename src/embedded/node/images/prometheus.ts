import { dirname } from 'node:path';
import type { Image } from './image.ts';

export const prometheus: Image = {
  repositories: ['prom/prometheus', 'quay.io/prometheus/prometheus'],
  program: (programs) => ({ entrypoint: [programs.prometheus], mounts: [dirname(programs.prometheus)] }),
};
