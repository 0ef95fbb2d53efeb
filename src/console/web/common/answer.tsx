/** What stands on a page while an answer is awaited, when there is none, and beside one that is not whole. */
import {
  Alert,
  AlertActionLink,
  Content,
  EmptyState,
  EmptyStateBody,
  PageSection,
  Skeleton,
  Title,
} from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { SourceProblem } from '../../api.ts';
import { ApiFailure } from '../api/client.ts';
import { dayOf } from './format.ts';

/** The answer, lines that stand for it until it is there, or what went wrong. An old answer is kept with the fault above it. */
export function Answer<T>({ of, children }: { of: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (of.data === undefined && of.isPending) return <Waiting />;
  return (
    <>
      {of.error && <Failure error={of.error} again={() => void of.refetch()} />}
      {of.data !== undefined && children(of.data)}
    </>
  );
}

/** Lines where the content will be, so that nothing jumps when it comes. Seen only when it takes a moment. */
export function Waiting() {
  return (
    <div className="ist-waiting" role="status" aria-label="The answer is awaited">
      {['40%', '75%', '65%', '80%', '55%'].map((width) => (
        <Skeleton key={width} width={width} fontSize="lg" />
      ))}
    </div>
  );
}

export function Failure({ error, again }: { error: Error; again?: () => void }) {
  const details = error instanceof ApiFailure ? error.details : undefined;
  return (
    <Alert
      variant="danger"
      isInline
      title={details?.where ? `${details.where}: ${error.message}` : error.message}
      actionLinks={again && <AlertActionLink onClick={again}>Ask again</AlertActionLink>}
      className="ist-alert"
    >
      {details?.why && <p>{details.why}</p>}
      {details?.fix && <p>{details.fix}</p>}
    </Alert>
  );
}

const sources: Record<SourceProblem['source'], string> = {
  api: 'API server',
  prometheus: 'Prometheus',
  istiod: 'istiod',
  proxy: 'proxy',
};

/** What could not be asked; the rest of the page is whole. */
export function Problems({ problems }: { problems: SourceProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <Alert
      variant="warning"
      isInline
      title="Some of the mesh could not be asked; the rest is shown."
      className="ist-alert ist-problems"
    >
      <ul className="ist-plain-list">
        {problems.map((problem) => (
          <li key={`${problem.cluster} ${problem.source} ${problem.why}`}>
            <strong>{problem.cluster}</strong> ({sources[problem.source]}): {problem.why}
            {problem.lastSeen ? `; last answer ${dayOf(problem.lastSeen)}` : ''}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

interface FrameProps {
  title: ReactNode;
  /** For the browser's tab. */
  name: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** The content fills the window and scrolls itself. */
  isFilled?: boolean;
}

/** Heading and content of a page. */
export function Frame({ title, name, description, actions, children, isFilled = false }: FrameProps) {
  return (
    <>
      <title>{`${name} · Isthmus`}</title>
      <PageSection hasBodyWrapper={false} className="ist-head">
        <div>
          <Title headingLevel="h1">{title}</Title>
          {description && <Content component="small">{description}</Content>}
        </div>
        {actions}
      </PageSection>
      <PageSection hasBodyWrapper={false} isFilled={isFilled} className={isFilled ? 'ist-fill' : 'ist-body'}>
        {children}
      </PageSection>
    </>
  );
}

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <EmptyState titleText={title} headingLevel="h2" variant="sm">
      {children && <EmptyStateBody>{children}</EmptyStateBody>}
    </EmptyState>
  );
}
