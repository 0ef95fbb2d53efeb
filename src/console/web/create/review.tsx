/** What would be written, as the API servers say, before it is; and what became of it. */
import { Alert, Button, Title } from '@patternfly/react-core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Failure, Waiting } from '../common/answer.tsx';
import { ChangeSummary, Checks } from '../config/object-parts.tsx';
import { YamlEditor } from '../config/yaml-editor.tsx';
import { objectHref, PageLink } from '../shell/links.tsx';
import { nameOf, type Outcome, tryAll, type Write, writeAll } from './writes.ts';

export function Review({ writes, onBack }: { writes: Write[]; onBack: () => void }) {
  const client = useQueryClient();
  const tried = useQuery({
    queryKey: ['dry run', writes],
    queryFn: () => tryAll(writes),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const written = useMutation({
    mutationFn: () => writeAll(writes),
    // What pages show is asked again; a dry run of what is written now would be refused.
    onSettled: () => void client.invalidateQueries({ predicate: ({ meta }) => meta?.['topics'] !== undefined }),
  });
  if (written.data) return <Written outcomes={written.data} planned={writes.length} onBack={onBack} />;
  if (!tried.data) return <Waiting />;
  const possible = tried.data.every(({ failure }) => !failure);
  const changes = tried.data.some(({ change }) => change?.changed);
  const clusters = [...new Set(writes.map(({ key }) => key.cluster))];
  return (
    <div className="ist-stack ist-review">
      <div className="ist-actions">
        <Button isDisabled={!possible || !changes} isLoading={written.isPending} onClick={() => written.mutate()}>
          Write into {clusters.join(', ')}
        </Button>
        <Button variant="link" onClick={onBack}>
          Go on writing
        </Button>
      </div>
      {tried.data.map((outcome) => (
        <Tried key={nameOf(outcome.write.key)} outcome={outcome} beside={writes} />
      ))}
    </div>
  );
}

/** Subsets come with the DestinationRule beside it: to the server, which knows only what is there, they are missing still. */
const missingSubset = 'KIA1107';

function Tried({ outcome: { write, change, failure }, beside }: { outcome: Outcome; beside: Write[] }) {
  const bringsSubsets = beside.some(
    ({ key }) => key.kind === 'DestinationRule' && key.cluster === write.key.cluster && key !== write.key,
  );
  const checks = change?.checks.filter(({ code }) => !(bringsSubsets && code === missingSubset)) ?? [];
  return (
    <section aria-label={nameOf(write.key)}>
      <Title headingLevel="h2" size="md">
        {write.isNew ? 'New: ' : 'Changed: '}
        {nameOf(write.key)}
      </Title>
      {failure && <Failure error={failure} />}
      {change && !write.isNew && <ChangeSummary change={change} />}
      {checks.length > 0 && <Checks checks={checks} />}
      {change && (
        <YamlEditor
          text={change.after}
          label={`What would be written: ${nameOf(write.key)}`}
          {...(write.isNew ? {} : { original: change.before })}
        />
      )}
    </section>
  );
}

function Written({ outcomes, planned, onBack }: { outcomes: Outcome[]; planned: number; onBack: () => void }) {
  const failed = outcomes.some(({ failure }) => failure);
  const rest = planned - outcomes.length;
  return (
    <div className="ist-stack">
      {outcomes.map(({ write, change, failure }) => {
        const { group, version, ...object } = write.key;
        const href = objectHref({ ...object, apiVersion: `${group}/${version}` });
        if (failure) return <Failure key={nameOf(write.key)} error={failure} />;
        return (
          <Alert key={nameOf(write.key)} variant="success" isInline title={nameOf(write.key)}>
            {change?.changed ? (write.isNew ? 'It was made. ' : 'It was changed. ') : 'It was so already. '}
            {href && <PageLink to={href}>Look at it</PageLink>}
          </Alert>
        );
      })}
      {rest > 0 && <p>{rest} more were not tried.</p>}
      {failed && (
        <div>
          <Button variant="secondary" onClick={onBack}>
            Go on writing
          </Button>
        </div>
      )}
    </div>
  );
}
