/** One container of a pod over its restarts: started, probed, watched, started again with growing pauses. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../errors/index.ts';
import type { ProxyAgent } from './agent/types.ts';
import { type Attachment, Attachments } from './container-attachment.ts';
import { ContainerLog } from './container-log.ts';
import { type Prepared, prepareContainer } from './container-preparation.ts';
import { portOf, startProbes } from './container-probes.ts';
import { ContainerProcess } from './container-process.ts';
import { endedState, lostState, type State, shown, timestamp } from './container-state.ts';
import { MissingReference } from './environment.ts';
import { runInContainer } from './exec.ts';
import { runHook } from './hooks.ts';
import { findProgram } from './images/index.ts';
import { outputPipes } from './output-pipe.ts';
import type { PodContext } from './pod-context.ts';
import type { ProbeTarget } from './probes.ts';
import { messageFrom } from './termination-message.ts';

const firstBackOffMs = 10_000;
const longestBackOffMs = 300_000;
const forgetBackOffAfterMs = 600_000;
/** Kubernetes lets postStart take as long as it likes; a hook that hangs is ended here all the same. */
const longestHookMs = 600_000;

export type Role = 'init' | 'sidecar' | 'main' | 'ephemeral';

export class Container {
  readonly spec: any;
  readonly role: Role;
  readonly #context: PodContext;
  state: State = { kind: 'waiting', reason: 'ContainerCreating' };
  lastState: State | undefined;
  restartCount = 0;
  ready = false;
  started = false;
  #process: ContainerProcess | undefined;
  #agent: ProxyAgent | undefined;
  #stopProbes: () => void = () => {};
  #backOffMs = firstBackOffMs;
  #stopping = false;
  #wakeBackOff: (() => void) | undefined;
  #attachments: Attachments | undefined;
  #finished = Promise.withResolvers<void>();
  #launched = Promise.withResolvers<void>();
  #startedOnce = Promise.withResolvers<void>();
  #imageComplaint = false;
  log: ContainerLog | undefined;

  /** @param before its entry in the pod's status, where the node has come back to a pod that it ran before */
  constructor(spec: any, role: Role, context: PodContext, before?: any) {
    this.spec = spec;
    this.role = role;
    this.#context = context;
    if (context.pod().spec['initContainers']?.length) this.state = { kind: 'waiting', reason: 'PodInitializing' };
    if (before?.containerID) this.#restore(before);
  }

  /** Goes on where the status says that it stood: what ran then has ended with the node. */
  #restore(before: any): void {
    this.restartCount = before.restartCount ?? 0;
    if (existsSync(this.logPath())) this.log = new ContainerLog(this.logPath());
    const { running, terminated } = before.state ?? {};
    if (terminated) this.state = endedState(terminated);
    else if (running) this.state = lostState(running.startedAt);
    const isOver = this.role !== 'init' && this.state.kind === 'terminated' && !this.#mayRestart();
    if (isOver) return this.#finished.resolve();
    const last = before.lastState?.terminated;
    this.lastState = this.state.kind === 'terminated' ? this.state : last && endedState(last);
    this.state = { kind: 'waiting', reason: 'ContainerCreating' };
    this.restartCount++;
  }

  /** It will not run (again): the node came back to a pod that is not to be restarted. */
  lose(): void {
    if (this.state.kind !== 'terminated') this.state = lostState(timestamp());
    this.#finished.resolve();
  }

  /** Resolves when the container will not run again. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Resolves when it has been started for the first time and its postStart hook is done, or when that did not succeed. */
  get launched(): Promise<void> {
    return this.#launched.promise;
  }

  /** Resolves at the end of its present life. */
  get lifeOver(): Promise<unknown> {
    return this.#process?.ended ?? Promise.resolve();
  }

  /** Its output from now on, and a way to its input; undefined when it does not run. */
  attach(hear: (name: 'stdout' | 'stderr', chunk: string) => void): Attachment | undefined {
    return this.state.kind === 'running' ? this.#attachments?.attach(hear) : undefined;
  }

  /** Resolves when a sidecar has started: its startup probe has succeeded, or it has none and runs. */
  get startedOnce(): Promise<void> {
    return this.#startedOnce.promise;
  }

  get succeeded(): boolean {
    return this.state.kind === 'terminated' && this.state.exitCode === 0;
  }

  get pid(): number | undefined {
    return this.#process?.innerPid();
  }

  logPath(restart = this.restartCount): string {
    return join(this.#context.logFolder, this.spec.name, `${restart}.log`);
  }

  /** Runs until it is done or stopped. */
  async run(): Promise<void> {
    try {
      if (this.state.kind === 'terminated' && !this.#mayRestart()) return;
      while (!this.#stopping) {
        const startedAt = Date.now();
        const ran = await this.#runOnce();
        if (this.#stopping || !this.#mayRestart()) break;
        if (Date.now() - startedAt > forgetBackOffAfterMs) this.#backOffMs = firstBackOffMs;
        if (ran) await this.#backOff();
      }
    } finally {
      this.#finished.resolve();
      this.#startedOnce.resolve();
      this.#launched.resolve();
    }
  }

  /** Ends it: the agent's drain, SIGTERM, then SIGKILL after the grace in milliseconds. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#wakeBackOff?.();
    this.#endProbes();
    const running = this.#process;
    if (running && !running.hasEnded) {
      this.#context.event('Normal', 'Killing', `Stopping container ${this.spec.name}`, this);
      await this.#kill(running, graceMs);
    }
    if (this.state.kind === 'waiting') this.#finished.resolve();
    await this.#finished.promise;
  }

  async #kill(running: ContainerProcess, graceMs: number): Promise<void> {
    const timer = setTimeout(() => running.kill('SIGKILL'), graceMs);
    const over = new AbortController();
    void running.ended.then(() => over.abort());
    if (graceMs > 0) await this.#preStop(graceMs);
    if (graceMs > 0) await this.#agent?.drain(over.signal);
    running.kill(graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
    await running.ended;
    clearTimeout(timer);
  }

  /** Of one that is told to stop already: what is left of it after that many milliseconds is killed. */
  hurry(graceMs: number): void {
    const running = this.#process;
    if (!running || running.hasEnded) return;
    const timer = setTimeout(() => running.kill('SIGKILL'), graceMs);
    void running.ended.then(() => clearTimeout(timer));
  }

  #mayRestart(): boolean {
    if (this.role === 'ephemeral') return false;
    if (this.role === 'sidecar') return true;
    const policy = this.#context.pod().spec['restartPolicy'];
    if (this.role === 'init') return !this.succeeded && policy !== 'Never';
    return policy === 'Always' || (policy === 'OnFailure' && !this.succeeded);
  }

  /** One life. False when it could not be started for want of something that may come soon. */
  async #runOnce(): Promise<boolean> {
    const program = findProgram(this.spec.image, this.#context.options.images, this.#context.options.programs);
    if (!program) {
      this.#complainOfImage();
      this.#launched.resolve();
      await this.#pause(2_000);
      return false;
    }
    let prepared: Prepared;
    try {
      prepared = await prepareContainer(this.#context, this.spec, program, {
        root: this.#root,
        message: this.#messagePath,
      });
      this.#agent = prepared.agent;
    } catch (error) {
      const reason = error instanceof MissingReference ? 'CreateContainerConfigError' : 'CreateContainerError';
      this.#become({ kind: 'waiting', reason, message: messageOf(error) });
      this.#context.event('Warning', 'Failed', `Error: ${messageOf(error)}`, this);
      this.#launched.resolve();
      await this.#pause(1_000);
      return false;
    }
    this.#context.event('Normal', 'Pulled', `Container image "${this.spec.image}" already present on machine`, this);
    this.log = new ContainerLog(this.logPath());
    const startedAt = timestamp();
    const output = await outputPipes(this.#context.folder);
    const running = new ContainerProcess({
      netns: this.#context.netns,
      pids: this.#pids(),
      script: prepared.script,
      env: prepared.env,
      log: this.log,
      output,
      stdin: this.spec.stdin === true,
    });
    this.#process = running;
    this.#attachments = new Attachments(running, this.log, this.spec);
    this.#context.event('Normal', 'Created', `Created container: ${this.spec.name}`, this);
    this.#context.event('Normal', 'Started', `Started container ${this.spec.name}`, this);
    this.#become({ kind: 'running', startedAt });
    // Only a hook holds the next container back.
    if (!this.spec.lifecycle?.postStart) this.#launched.resolve();
    void this.#begin(running);
    const end = await running.ended;
    this.#endProbes();
    this.started = false;
    this.ready = false;
    await this.#agent?.stop();
    this.#agent = undefined;
    rmSync(this.#root, { recursive: true, force: true });
    const message = messageFrom(this.#messagePath, this.spec, end.exitCode, this.log);
    this.#become({
      kind: 'terminated',
      exitCode: end.exitCode,
      ...(end.signal ? { signal: end.signal } : {}),
      reason: end.exitCode === 0 ? 'Completed' : 'Error',
      startedAt,
      finishedAt: timestamp(),
      ...(message ? { message } : {}),
    });
    return true;
  }

  /** What follows a start: the hook, then probes. A hook that fails ends the container. */
  async #begin(running: ContainerProcess): Promise<void> {
    await running.entered();
    const hook = this.spec.lifecycle?.postStart;
    const why = hook && (await runHook(hook, this.#probeTarget(), longestHookMs));
    this.#launched.resolve();
    if (running !== this.#process || running.hasEnded || this.#stopping) return;
    if (why) {
      this.#context.event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${why}`, this);
      this.#context.event('Normal', 'Killing', 'FailedPostStartHook', this);
      return this.#kill(running, this.#graceMs());
    }
    this.started = !this.spec.startupProbe;
    this.ready = this.started && !this.spec.readinessProbe;
    this.#context.changed();
    if (this.started) this.#startedOnce.resolve();
    this.#beginProbes();
  }

  #graceMs(): number {
    return (this.#context.pod().spec['terminationGracePeriodSeconds'] ?? 30) * 1000;
  }

  /** A debugger sees the processes of the container that it is for. */
  #pids(): 'own' | 'node' | number {
    if (this.#context.pod().spec['hostPID']) return 'node';
    return (this.spec.targetContainerName && this.#context.pidOf(this.spec.targetContainerName)) || 'own';
  }

  get #messagePath(): string {
    return join(this.#context.folder, `m-${this.spec.name}`);
  }

  get #root(): string {
    return join(this.#context.folder, `r-${this.spec.name}`);
  }

  #complainOfImage(): void {
    const message = `image "${this.spec.image}" is not in the catalogue; add it under images in mesh.yaml`;
    this.#become({ kind: 'waiting', reason: this.#imageComplaint ? 'ImagePullBackOff' : 'ErrImagePull', message });
    if (!this.#imageComplaint)
      this.#context.event(
        'Warning',
        'Failed',
        `Failed to pull image "${this.spec.image}": ImageNotFound: ${message}`,
        this,
      );
    this.#imageComplaint = true;
  }

  async #backOff(): Promise<void> {
    const delay =
      this.succeeded && this.role !== 'sidecar' ? firstBackOffMs : this.restartCount === 0 ? 0 : this.#backOffMs;
    if (delay > 0) {
      this.lastState = this.state;
      const message = `back-off ${delay / 1000}s restarting failed container=${this.spec.name} pod=${this.#context.pod().metadata.name}`;
      this.#become({ kind: 'waiting', reason: 'CrashLoopBackOff', message });
      this.#context.event(
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${this.spec.name} in pod ${this.#context.pod().metadata.name}`,
        this,
      );
      await this.#pause(delay);
      this.#backOffMs = Math.min(this.#backOffMs * 2, longestBackOffMs);
    } else this.lastState = this.state;
    if (!this.#stopping) this.restartCount++;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakeBackOff = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopping) this.#wakeBackOff();
    });
  }

  #become(state: State): void {
    this.state = state;
    this.#context.changed();
  }

  #probeTarget(): ProbeTarget {
    return {
      podIp: this.#context.podIp,
      port: (wanted) => portOf(this.spec, wanted),
      exec: async (command, timeoutMs) => {
        const pid = this.pid;
        if (!pid) return { exitCode: 1, output: 'the container does not run' };
        return runInContainer(pid, command, timeoutMs);
      },
    };
  }

  #beginProbes(): void {
    this.#stopProbes = startProbes(this.spec, this.#probeTarget(), {
      onReady: (ready) => {
        this.ready = ready;
        this.#context.changed();
      },
      onStarted: () => {
        this.started = true;
        this.#startedOnce.resolve();
        this.#context.changed();
      },
      onUnhealthy: (kind, why) => this.#context.event('Warning', 'Unhealthy', `${kind} probe failed: ${why}`, this),
      onGivenUp: (kind, graceSeconds) => {
        const message = `Container ${this.spec.name} failed ${kind} probe, will be restarted`;
        this.#context.event('Normal', 'Killing', message, this);
        const graceMs = graceSeconds === undefined ? this.#graceMs() : graceSeconds * 1000;
        if (this.#process) void this.#kill(this.#process, graceMs);
      },
    });
  }

  #endProbes(): void {
    this.#stopProbes();
    this.#stopProbes = () => {};
  }

  async #preStop(graceMs: number): Promise<void> {
    const hook = this.spec.lifecycle?.preStop;
    const why = hook && this.pid && (await runHook(hook, this.#probeTarget(), graceMs));
    if (why) this.#context.event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${why}`, this);
  }

  /** As the API shows it. */
  status(): any {
    const id = `isthmus://${this.#context.pod().metadata.uid}-${this.spec.name}-${this.restartCount}`;
    return {
      name: this.spec.name,
      image: this.spec.image,
      imageID: this.spec.image,
      ...(this.state.kind === 'waiting' && this.restartCount === 0 ? {} : { containerID: id }),
      ready: this.role === 'init' ? this.succeeded : this.ready,
      started: this.started,
      restartCount: this.restartCount,
      ...(Object.keys(this.spec.resources ?? {}).length > 0
        ? { resources: this.spec.resources, allocatedResources: this.spec.resources.requests ?? {} }
        : {}),
      state: shown(this.state, id),
      lastState: this.lastState ? shown(this.lastState, id) : {},
    };
  }
}
