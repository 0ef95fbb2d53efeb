/** New configuration: by a wizard, or as a text. */
import { Breadcrumb, BreadcrumbItem, Card, CardBody, CardTitle, Gallery } from '@patternfly/react-core';
import { Frame, Nothing, Waiting } from '../common/answer.tsx';
import { later } from '../common/later.tsx';
import { PageLink } from '../shell/links.tsx';
import { SubjectMenus, useSubject } from './subject.tsx';
import { useTargets } from './targets.tsx';
import type { AnyWizard } from './wizard.ts';
import { wizards } from './wizards.ts';

const NewFromYaml = later(async () => (await import('./new-from-yaml.tsx')).NewFromYaml);
const WizardView = later(async () => (await import('./wizard-view.tsx')).WizardView);

export function CreatePage({ what }: { what: string | undefined }) {
  const wizard = wizards.find((one) => one.key === what);
  const title = wizard?.title ?? (what === 'yaml' ? 'New from YAML' : 'New configuration');
  return (
    <Frame
      title={title}
      name={title}
      description={
        <Breadcrumb>
          <BreadcrumbItem>
            <PageLink to="/istio">Istio configuration</PageLink>
          </BreadcrumbItem>
          {what === undefined ? (
            <BreadcrumbItem isActive>New</BreadcrumbItem>
          ) : (
            <BreadcrumbItem>
              <PageLink to="/create">New</PageLink>
            </BreadcrumbItem>
          )}
          {what !== undefined && <BreadcrumbItem isActive>{title}</BreadcrumbItem>}
        </Breadcrumb>
      }
    >
      {wizard ? <WizardPart wizard={wizard} /> : what === 'yaml' ? <NewFromYaml /> : <Choices />}
    </Frame>
  );
}

function Choices() {
  const yaml = { key: 'yaml', title: 'New from YAML', told: 'Any kind, as a text, with completion by its schema' };
  return (
    <Gallery hasGutter minWidths={{ default: '260px' }}>
      {[...wizards, yaml].map((one) => (
        <Card key={one.key} isCompact>
          <CardTitle component="h2">
            <PageLink to={`/create/${one.key}`}>{one.title}</PageLink>
          </CardTitle>
          <CardBody>{one.told}</CardBody>
        </Card>
      ))}
    </Gallery>
  );
}

function WizardPart({ wizard }: { wizard: AnyWizard }) {
  const { subject, clusters } = useSubject();
  const targets = useTargets(clusters);
  const needsService = wizard.of === 'service';
  return (
    <>
      <p className="ist-quiet">{wizard.told}.</p>
      <SubjectMenus needsService={needsService} />
      {!subject ? (
        clusters.length > 0 ? (
          <Waiting />
        ) : (
          <Nothing title={needsService ? 'Which service?' : 'Which namespace?'}>Choose it above.</Nothing>
        )
      ) : needsService && !subject.service ? (
        <Nothing title="Which service?">Choose it above.</Nothing>
      ) : !targets ? (
        <Waiting />
      ) : targets.offered.length === 0 ? (
        <Nothing title="No control plane is seen">
          Configuration is written into clusters with an istiod. The Mesh page tells why none is seen.
        </Nothing>
      ) : (
        <WizardView
          key={`${wizard.key} ${subject.namespace} ${subject.service?.name ?? ''} ${targets.meant.join()}`}
          wizard={wizard}
          subject={subject}
          targets={targets}
        />
      )}
    </>
  );
}
