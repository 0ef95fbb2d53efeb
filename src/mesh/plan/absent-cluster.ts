import { KubeApiError, KubeClient, type KubeObject } from '../../kube/index.ts';

/** A cluster that is not made yet, as a plan sees it: nothing is in it, and nothing is asked of the network. */
export class AbsentCluster extends KubeClient {
  constructor(name: string) {
    super({ name, server: 'https://absent.invalid' });
  }

  override async request(method: string, path: string): Promise<never> {
    const body = { message: `${this.name} is not made yet` };
    throw new KubeApiError({ status: 404, body, method, path, server: this.name });
  }

  override async list<T extends KubeObject>(): Promise<{ items: T[]; resourceVersion: string }> {
    return { items: [], resourceVersion: '' };
  }
}
