/** What a wizard is: a form, and the objects that it stands for. */
import type { ComponentType } from 'react';
import type { ConfigObject, Existing, ServiceKey } from '../../wizards/objects.ts';
import type { Offer } from './offers.ts';

/** What the objects are about. */
export interface Subject {
  namespace: string;
  service?: ServiceKey & {
    /** Values of the label `version` of its workloads, in all clusters. */
    versions: string[];
    selector: Record<string, string>;
  };
}

/** What there is already in the cluster that is written to. */
export interface Present extends Existing {
  /** PeerAuthentications by name. */
  peers: Record<string, ConfigObject>;
}

export interface FormProps<S> {
  state: S;
  onChange: (state: S) => void;
  subject: Subject;
}

export interface Wizard<S> extends Offer {
  /** What the form begins with: what holds now, where it can be read. */
  start: (subject: Subject, present: Present) => S;
  Form: ComponentType<FormProps<S>>;
  build: (subject: Subject, state: S, present: Present) => ConfigObject[];
  mistake: (state: S, subject: Subject, present: Present) => string | undefined;
}

/** Keeps the type of the state inside. */
export type AnyWizard = Wizard<unknown>;
export const wizard = <S>(of: Wizard<S>): AnyWizard => of as unknown as AnyWizard;
