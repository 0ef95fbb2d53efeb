/** One pod on this node, from its binding to its removal. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../errors/index.ts';
import { isNotFound, kinds, type Pod } from '../../kube/index.ts';
import { prepareProxyAgent } from './agent/index.ts';
import { Container, type Role } from './container.ts';
import { timestamp } from './container-state.ts';
import { interceptionScript } from './interception.ts';
import type { KubeletCaches } from './kubelet.ts';
import type { KubeletOptions } from './options.ts';
import type { PodContext } from './pod-context.ts';
import { PodEvents } from './pod-events.ts';
import { hostsFile, resolvConf } from './pod-files.ts';
import { PodSources } from './pod-sources.ts';
import { podStatus } from './pod-status.ts';
import { forgetVolumes, isStorage, setUpVolume, VolumeError } from './volumes.ts';

const refreshVolumesMs = 60_000;

export class PodWorker {
  readonly id: string;
  readonly #options: KubeletOptions;
  readonly #caches: KubeletCaches;
  #pod: Pod;
  readonly init: Container[];
  readonly main: Container[];
  readonly ephemeral: Container[] = [];
  readonly #context: PodContext;
  readonly #volumes = new Map<string, string>();
  readonly #sources: PodSources;
  readonly #startTime: string;
  /** Its containers have run, and ended with the node. */
  readonly #isLost: boolean;
  #failure: { reason: string; message: string } | undefined;
  #initialized = false;
  #volumesReady = false;
  #sandboxReady = false;
  #terminating: Promise<void> | undefined;
  /** Milliseconds since the epoch: when what still runs of it is killed. */
  #endsBy = Number.POSITIVE_INFINITY;
  readonly #abort = new AbortController();
  #statusWanted = false;
  #statusRunning: Promise<void> | undefined;
  readonly #events: PodEvents;
  #volumesChanged: (() => void) | undefined;

  constructor(pod: Pod, options: KubeletOptions, caches: KubeletCaches) {
    this.#pod = pod;
    this.#options = options;
    this.#caches = caches;
    this.#events = new PodEvents(options);
    this.#sources = new PodSources(options, caches, () => ({ pod: this.#pod, podIp: this.#context.podIp }));
    this.id = pod.metadata.uid ?? '';
    this.#startTime = pod['status']?.startTime ?? timestamp();
    const short = this.id.replaceAll('-', '').slice(0, 12);
    this.#context = {
      options,
      pod: () => this.#pod,
      podIp: '',
      netns: '',
      folder: join(options.runDir, 'p', short),
      logFolder: join(options.logDir, `${pod.metadata.namespace}_${pod.metadata.name}_${this.id}`),
      changed: () => this.#changed(),
      event: (type, reason, message, container) =>
        this.#events.record(this.#pod, type, reason, message, container?.spec.name),
      environmentSources: () => this.#sources.environment(),
      pidOf: (name) => this.containers.find((one) => one.spec.name === name)?.pid,
      volumePath: (name) => this.#volumes.get(name),
      isWritableVolume: (name) =>
        (this.#pod.spec['volumes'] ?? []).some((one: any) => one.name === name && isStorage(one)),
      interceptionArgv: (args, mounts) => interceptionScript(args, options.programs, mounts),
      prepareProxy: (request) => this.#prepareProxy(request),
    };
    const status = pod['status'] ?? {};
    const make = (spec: any, role: Role, known: any[] | undefined): Container =>
      new Container(
        spec,
        role,
        this.#context,
        known?.find((one) => one.name === spec.name),
      );
    this.init = (pod.spec['initContainers'] ?? []).map((spec: any) =>
      make(spec, spec.restartPolicy === 'Always' ? 'sidecar' : 'init', status.initContainerStatuses),
    );
    this.main = (pod.spec['containers'] ?? []).map((spec: any) => make(spec, 'main', status.containerStatuses));
    for (const spec of pod.spec['ephemeralContainers'] ?? [])
      this.ephemeral.push(make(spec, 'ephemeral', status.ephemeralContainerStatuses));
    this.#isLost =
      pod.spec['restartPolicy'] === 'Never' && (status.containerStatuses ?? []).some((one: any) => one.containerID);
  }

  get containers(): Container[] {
    return [...this.init, ...this.main, ...this.ephemeral];
  }

  get reference(): { name: string; namespace: string; uid: string } {
    const { name = '', namespace = '' } = this.#pod.metadata;
    return { name, namespace, uid: this.id };
  }

  get startTime(): string {
    return this.#startTime;
  }

  get logFolder(): string {
    return this.#context.logFolder;
  }

  /** Its network namespace, and a folder in memory whose path is short enough for sockets. */
  get network(): { netns: string; folder: string } {
    return this.#context;
  }

  /** Takes in a newer version of the object. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (this.#volumesReady) this.#runDebuggers();
    if (pod.metadata.deletionTimestamp) void this.terminate((pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000);
  }

  /** A ConfigMap or Secret of the pod's namespace has changed: volumes that wait for it are tried again, those that have it are refreshed. */
  sourcesChanged(): void {
    this.#volumesChanged?.();
  }

  async run(): Promise<void> {
    if (this.#isLost) {
      for (const container of this.main) container.lose();
      this.#initialized = true;
      return this.#changed();
    }
    try {
      mkdirSync(this.#context.folder, { recursive: true, mode: 0o700 });
      await Promise.all([this.#makeSandbox(), this.#caches.hold(this.#pod)]);
      await this.#setUpVolumes();
      void this.#keepVolumes();
      this.#volumesReady = true;
      this.#runDebuggers();
      this.#watchDeadline();
      if (!(await this.#runInitContainers())) return this.#changed();
      this.#initialized = true;
      this.#changed();
      await this.#runMain();
      // The containers are done for good: sidecars end with them, and what the pod had is no longer needed.
      if (this.#terminating) return;
      await this.#stopSidecars(this.#graceMs());
      this.#changed();
      await this.#free();
    } catch (error) {
      if (!this.#abort.signal.aborted) {
        this.#options.log(`pod ${this.#pod.metadata.namespace}/${this.#pod.metadata.name}: ${messageOf(error)}`);
        this.#events.record(
          this.#pod,
          'Warning',
          'FailedCreatePodSandBox',
          `Failed to create pod sandbox: ${messageOf(error)}`,
        );
      }
    }
  }

  /** One after the other, each when the one before has been launched: by this a proxy's hook holds the application back. */
  async #runMain(): Promise<void> {
    const running: Promise<void>[] = [];
    for (const container of this.main) {
      if (this.#abort.signal.aborted) break;
      running.push(container.run());
      await container.launched;
    }
    await Promise.all(running);
  }

  /** Containers that `kubectl debug` has added. They run once and keep no pod alive. */
  #runDebuggers(): void {
    if (this.#terminating) return;
    for (const spec of this.#pod.spec['ephemeralContainers'] ?? []) {
      if (this.ephemeral.some((one) => one.spec.name === spec.name)) continue;
      const container = new Container(spec, 'ephemeral', this.#context);
      this.ephemeral.push(container);
      void container.run().then(() => this.#changed());
    }
  }

  /** activeDeadlineSeconds counts from the start of the pod. */
  #watchDeadline(): void {
    const seconds: number | undefined = this.#pod.spec['activeDeadlineSeconds'];
    if (seconds === undefined) return;
    const left = Date.parse(this.#startTime) + seconds * 1000 - Date.now();
    void pause(Math.max(0, left), undefined, { signal: this.#abort.signal, ref: false })
      .then(async () => {
        const message = 'Pod was active on the node longer than the specified deadline';
        this.#failure = { reason: 'DeadlineExceeded', message };
        this.#events.record(this.#pod, 'Normal', 'DeadlineExceeded', message);
        await Promise.all([...this.main, ...this.init].map((container) => container.stop(this.#graceMs())));
        this.#changed();
      })
      .catch(() => {});
  }

  /** Takes away all but the logs. */
  async #free(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.ephemeral.map((container) => container.stop(0)));
    await this.#options.network.removePodNetwork(this.id);
    rmSync(this.#context.folder, { recursive: true, force: true });
    forgetVolumes(this.#context.folder);
    this.#caches.release(this.id);
  }

  #graceMs(): number {
    return (this.#pod.spec['terminationGracePeriodSeconds'] ?? 30) * 1000;
  }

  /** Again and again, as the kubelet does: what stands in the way, as remains of an earlier life, goes in time. */
  async #makeSandbox(): Promise<void> {
    for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
      try {
        return await this.#setUpSandbox();
      } catch (error) {
        if (this.#abort.signal.aborted) throw error;
        this.#options.log(`pod ${this.#pod.metadata.namespace}/${this.#pod.metadata.name}: ${messageOf(error)}`);
        this.#events.record(
          this.#pod,
          'Warning',
          'FailedCreatePodSandBox',
          `Failed to create pod sandbox: ${messageOf(error)}`,
        );
        await this.#options.network.removePodNetwork(this.id).catch(() => {});
        await pause(wait, undefined, { signal: this.#abort.signal });
      }
    }
  }

  async #setUpSandbox(): Promise<void> {
    const { folder } = this.#context;
    const made = this.#pod.spec['hostNetwork']
      ? { netns: `/proc/${process.pid}/ns/net`, ip: this.#options.nodeAddress }
      : await this.#options.network.createPodNetwork(this.id);
    this.#context.podIp = made.ip;
    this.#context.netns = made.netns;
    writeFileSync(join(folder, 'hosts'), hostsFile(this.#pod, made.ip, this.#options.clusterDomain));
    writeFileSync(join(folder, 'resolv.conf'), resolvConf(this.#pod, this.#options));
    this.#sandboxReady = true;
    this.#changed();
  }

  async #setUpVolumes(): Promise<void> {
    let said = '';
    for (const volume of this.#pod.spec['volumes'] ?? []) {
      for (;;) {
        this.#abort.signal.throwIfAborted();
        try {
          this.#volumes.set(
            volume.name,
            await setUpVolume(volume, join(this.#context.folder, 'v'), this.#sources.volumes()),
          );
          break;
        } catch (error) {
          if (!(error instanceof VolumeError)) throw error;
          if (said !== error.message) this.#events.record(this.#pod, 'Warning', 'FailedMount', error.message);
          said = error.message;
          await Promise.race([
            pause(1_000, undefined, { signal: this.#abort.signal }).catch(() => {}),
            new Promise<void>((resolve) => {
              this.#volumesChanged = resolve;
            }),
          ]);
        }
      }
    }
    this.#volumesChanged = () => void this.#refreshVolumes();
  }

  async #keepVolumes(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await pause(refreshVolumesMs, undefined, { signal: this.#abort.signal, ref: false }).catch(() => {});
      if (!this.#abort.signal.aborted) await this.#refreshVolumes();
    }
  }

  async #refreshVolumes(): Promise<void> {
    for (const volume of this.#pod.spec['volumes'] ?? []) {
      if (isStorage(volume)) continue;
      // What has been there stays while its source is away.
      await setUpVolume(volume, join(this.#context.folder, 'v'), this.#sources.volumes()).catch(() => {});
    }
  }

  async #runInitContainers(): Promise<boolean> {
    for (const container of this.init) {
      this.#abort.signal.throwIfAborted();
      if (container.role === 'sidecar') {
        void container.run();
        await container.startedOnce;
      } else {
        await container.run();
        if (!container.succeeded) return false;
      }
      this.#changed();
    }
    this.#abort.signal.throwIfAborted();
    return true;
  }

  async #stopSidecars(graceMs: number): Promise<void> {
    for (const container of this.init.filter((one) => one.role === 'sidecar').reverse()) await container.stop(graceMs);
  }

  /** Ends the containers and takes away what the pod had. The object goes last. Called again it may shorten the time, and never prolongs it. */
  terminate(graceMs: number): Promise<void> {
    const endsBy = Date.now() + graceMs;
    if (this.#terminating && endsBy < this.#endsBy)
      for (const container of [...this.main, ...this.init]) container.hurry(graceMs);
    this.#endsBy = Math.min(this.#endsBy, endsBy);
    this.#terminating ??= this.#terminate(graceMs);
    return this.#terminating;
  }

  async #terminate(graceMs: number): Promise<void> {
    this.#abort.abort();
    const started = Date.now();
    this.#changed();
    await Promise.all(this.containers.filter((one) => one.role !== 'sidecar').map((one) => one.stop(graceMs)));
    await this.#stopSidecars(Math.max(Math.min(2_000, graceMs), graceMs - (Date.now() - started)));
    await this.#free();
    await this.#statusRunning;
    const { name, namespace, uid } = this.#pod.metadata;
    if (this.#pod.metadata.deletionTimestamp)
      await this.#options.client
        .delete(kinds.Pod, name!, namespace, { gracePeriodSeconds: 0, preconditions: { uid: uid! } })
        .catch((error) => {
          if (!isNotFound(error)) this.#options.log(`pod ${namespace}/${name} cannot be removed: ${messageOf(error)}`);
        });
    rmSync(this.logFolder, { recursive: true, force: true });
  }

  /** Writes the status soon: what changes meanwhile goes with it. */
  #changed(): void {
    this.#statusWanted = true;
    this.#statusRunning ??= Promise.resolve().then(async () => {
      while (this.#statusWanted) {
        this.#statusWanted = false;
        await this.#writeStatus();
      }
      this.#statusRunning = undefined;
    });
  }

  async #writeStatus(): Promise<void> {
    const { name, namespace, uid } = this.#pod.metadata;
    const status = podStatus(this.#pod, {
      hostIp: this.#options.nodeAddress,
      podIp: this.#context.podIp || undefined,
      startTime: this.#startTime,
      init: this.init,
      main: this.main,
      ephemeral: this.ephemeral,
      failure: this.#failure,
      initialized: this.#initialized,
      sandboxReady: this.#sandboxReady,
    });
    try {
      const stored = await this.#options.client.patch<Pod>(
        kinds.Pod,
        name!,
        namespace,
        { metadata: { uid }, status },
        { type: 'merge', subresource: 'status' },
      );
      // Conditions carry their times on: the next status is computed from this one, even if the watch is late.
      this.#pod = { ...this.#pod, status: stored['status'] ?? {} };
    } catch (error) {
      if (isNotFound(error)) return;
      this.#options.log(`status of pod ${namespace}/${name} is not written: ${messageOf(error)}`);
      await pause(200);
      if (!this.#terminating) this.#statusWanted = true;
    }
  }

  #prepareProxy(request: Parameters<PodContext['prepareProxy']>[0]) {
    const { container } = request;
    return prepareProxyAgent({
      ...request,
      podIp: this.#context.podIp,
      volume: (mountPath) => {
        const mount = (container.volumeMounts ?? []).find((one: any) => one.mountPath === mountPath);
        return mount && this.#volumes.get(mount.name);
      },
      envoy: this.#options.programs.envoy,
      resolve: (hostname) => this.#caches.resolve(hostname, this.#pod.metadata.namespace ?? ''),
      log: (line) => this.#options.log(`proxy ${this.#pod.metadata.namespace}/${this.#pod.metadata.name}: ${line}`),
    });
  }
}
