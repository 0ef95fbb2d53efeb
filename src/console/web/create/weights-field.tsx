import type { Weight } from '../../wizards/subsets.ts';
import { rebalanced } from '../../wizards/subsets.ts';
import { seriesColour } from '../common/palette.ts';
import { useTheme } from '../shell/theme.ts';

/** Shares of versions: one is moved, the others give way. */
export function WeightsField({ weights, onChange }: { weights: Weight[]; onChange: (weights: Weight[]) => void }) {
  const theme = useTheme();
  if (weights.length === 0) return null;
  return (
    <fieldset className="ist-fieldset">
      <legend>Share of each version</legend>
      <div className="ist-share-bar" aria-hidden="true">
        {weights
          .filter(({ weight }) => weight > 0)
          .map(({ version, weight }) => (
            <span
              key={version}
              style={{
                flexGrow: weight,
                background: seriesColour(
                  theme,
                  weights.findIndex((one) => one.version === version),
                ),
              }}
            />
          ))}
      </div>
      {weights.map(({ version, weight }, index) => (
        <div key={version} className="ist-share">
          <span className="ist-share-name">{version}</span>
          <input
            type="range"
            min={0}
            max={100}
            value={weight}
            aria-label={`Share of ${version}`}
            disabled={weights.length === 1}
            onChange={(event) => onChange(rebalanced(weights, index, event.target.valueAsNumber))}
          />
          <input
            type="number"
            className="ist-share-number"
            min={0}
            max={100}
            value={weight}
            aria-label={`Percent of ${version}`}
            disabled={weights.length === 1}
            onChange={(event) => onChange(rebalanced(weights, index, event.target.valueAsNumber || 0))}
          />
          <span aria-hidden="true">%</span>
        </div>
      ))}
    </fieldset>
  );
}
