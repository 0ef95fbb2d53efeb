/** Kiali, as its chart renders it. */
export { renderCommand } from './chart.ts';
export { accountObjects, kialiChartOf, kialiObjects } from './objects.ts';
export { kialiName, kialiSecretName, loginToken } from './values.ts';
