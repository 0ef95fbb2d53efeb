import { expect, test } from 'vitest';
import { usedStyles } from './used-styles.ts';

const scripts = 'var a={card:"pf-c-card",big:"pf-m-big"};el.classList.toggle("pf-dark")';

test.each([
  ['.pf-c-card{a:b}', '.pf-c-card{a:b}'],
  ['.pf-c-card,.pf-c-wizard{a:b}', '.pf-c-card{a:b}'],
  ['.pf-c-card.pf-m-huge{a:b}', ''],
  ['.pf-c-card:not(.pf-m-huge){a:b}', '.pf-c-card:not(.pf-m-huge){a:b}'],
  [':where(.pf-dark,.pf-felt) .pf-c-card{a:b}', ':where(.pf-dark,.pf-felt) .pf-c-card{a:b}'],
  [':where(.pf-felt,.pf-glass) .pf-c-card{a:b}', ''],
  ['@media (min-width:1px){.pf-c-wizard{a:b}}', ''],
  ['@media (min-width:1px){.pf-c-wizard{a:b}.pf-m-big{c:d}}', '@media (min-width:1px){.pf-m-big{c:d}}'],
  ['@font-face{font-family:A;src:url("a;}.woff")}', '@font-face{font-family:A;src:url("a;}.woff")}'],
  ['@keyframes spin{0%{a:b}to{c:d}}', '@keyframes spin{0%{a:b}to{c:d}}'],
  ['@layer one,two;body{a:"}"}', '@layer one,two;body{a:"}"}'],
  ['/* .pf-c-card */[data-x=".y"] a{b:c}', '[data-x=".y"] a{b:c}'],
  ['.pf-c-wizard .u-legend,.u-legend{a:b}', '.u-legend{a:b}'],
])('%s', (css, kept) => {
  expect(usedStyles(css, scripts)).toBe(kept);
});
