/** What of the graph is shown: type, labels, boxes, find and hide. */
import {
  Button,
  Popover,
  TextInputGroup,
  TextInputGroupMain,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import OutlinedQuestionCircleIcon from '@patternfly/react-icons/dist/esm/icons/outlined-question-circle-icon';
import { CheckMenu, ChoiceMenu } from '../common/menus.tsx';
import { useParam } from '../shell/scope.ts';
import {
  boxChoices,
  displayChoices,
  foldChoices,
  type GraphSettings,
  graphTypes,
  labelChoices,
  useListParam,
} from './settings.ts';

interface GraphToolbarProps {
  settings: GraphSettings;
  mistakes: { find: string | undefined; hide: string | undefined };
}

export function GraphToolbar({ settings, mistakes }: GraphToolbarProps) {
  const [, setType] = useParam('type', 'workload');
  const [, setFold] = useParam('fold', 'auto');
  const [, setToggled] = useParam('toggled');
  const setLabels = useListParam('labels');
  const setBoxes = useListParam('boxes');
  const setDisplay = useListParam('display');
  return (
    <Toolbar className="ist-graph-toolbar">
      <ToolbarContent>
        <ToolbarGroup variant="filter-group">
          <ChoiceMenu label="Graph type" options={graphTypes} chosen={settings.type} onChange={setType} />
          <CheckMenu
            label="Edge labels"
            options={labelChoices}
            chosen={settings.labels}
            onChange={setLabels}
            all={false}
          />
          <CheckMenu label="Boxes" options={boxChoices} chosen={settings.boxes} onChange={setBoxes} all={false} />
          <ChoiceMenu
            label="Folding"
            options={foldChoices}
            chosen={settings.fold}
            onChange={(value) => {
              setFold(value);
              setToggled('');
            }}
          />
          <CheckMenu
            label="Display"
            options={displayChoices}
            chosen={settings.display}
            onChange={setDisplay}
            all={false}
          />
        </ToolbarGroup>
        <ToolbarGroup variant="filter-group">
          <FindInput name="find" mistake={mistakes.find} />
          <FindInput name="hide" mistake={mistakes.hide} />
          <FindHelp />
        </ToolbarGroup>
      </ToolbarContent>
    </Toolbar>
  );
}

function FindInput({ name, mistake }: { name: 'find' | 'hide'; mistake: string | undefined }) {
  const [value, set] = useParam(name);
  const title = name === 'find' ? 'Find' : 'Hide';
  return (
    <ToolbarItem>
      <TextInputGroup {...(mistake ? { validated: 'error' as const } : {})} className="ist-find">
        <TextInputGroupMain
          value={value}
          placeholder={`${title}, as in ${name === 'find' ? '%error > 5' : 'idle'}`}
          aria-label={`${title} in the graph`}
          onChange={(_event, text) => set(text)}
        />
      </TextInputGroup>
      {mistake && (
        <div className="ist-mistake" role="alert">
          {mistake}
        </div>
      )}
    </ToolbarItem>
  );
}

const examples: [string, string][] = [
  ['cluster = west AND !idle', 'nodes of west that have traffic'],
  ['%error > 5 OR rt > 500', 'edges that fail or are slow'],
  ['cross AND !mtls', 'edges between clusters without mutual TLS'],
  ['ns = sample AND name ^= hello', 'names that begin with hello'],
  ['from = east AND to = west', 'edges from one cluster to the other'],
  ['broken', 'edges whose way is known to be broken'],
];

function FindHelp() {
  return (
    <ToolbarItem>
      <Popover
        headerContent="Find and hide"
        bodyContent={
          <>
            <p>
              A word looks for names. Fields are compared by =, !=, &gt;, &lt;, contains, startswith; joined by AND, OR,
              NOT.
            </p>
            <dl className="ist-examples">
              {examples.map(([text, told]) => (
                <div key={text}>
                  <dt>
                    <code>{text}</code>
                  </dt>
                  <dd>{told}</dd>
                </div>
              ))}
            </dl>
          </>
        }
      >
        <Button variant="plain" aria-label="Help for find and hide" icon={<OutlinedQuestionCircleIcon />} />
      </Popover>
    </ToolbarItem>
  );
}

interface GraphActionsProps {
  at: number | undefined;
  table: boolean;
  onTable: (table: boolean) => void;
}

/** The past instead of now, and a table instead of a drawing. */
export function GraphActions({ at, table, onTable }: GraphActionsProps) {
  const [, setAt] = useParam('at');
  const replaying = at !== undefined;
  return (
    <div className="ist-actions">
      <Button
        variant="secondary"
        isClicked={replaying}
        aria-pressed={replaying}
        onClick={() => setAt(replaying ? '' : String(Math.floor(Date.now() / 1000) - 600))}
      >
        Replay
      </Button>
      <Button variant="secondary" aria-pressed={table} isClicked={table} onClick={() => onTable(!table)}>
        Table
      </Button>
    </div>
  );
}
