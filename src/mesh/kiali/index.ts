/** Kiali, as its chart renders it. */
export { accountObjects, kialiChartOf, kialiObjects } from './objects.ts';
export { kialiName, kialiSecretName, loginToken } from './values.ts';
