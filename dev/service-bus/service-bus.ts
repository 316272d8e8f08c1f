import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import rhea from 'rhea';
import { refusal } from './amqp-error.ts';
import type { Broker } from './broker.ts';
import { ClientConnection } from './client-connection.ts';
import { openControlServer } from './control-server.ts';
import { readEmulatorConfig } from './emulator-config.ts';
import { Faults, type InjectedFault } from './faults.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { type AdjustableLimits, adjustedLimits } from './limits.ts';
import { Namespace } from './namespace.ts';
import { type NamespaceOptions, namespaceConfig } from './namespace-config.ts';
import { saslMechanisms } from './sasl-mechanisms.ts';
import { rights } from './shared-access-policy.ts';
import { Throttle } from './throttle.ts';

export interface ServiceBusOptions {
  /** The entities. Default: those of `configFile`. */
  readonly namespace?: NamespaceOptions;
  /** A configuration file of Microsoft's emulator. Default: the `Config.json` beside this file. */
  readonly configFile?: string;
  /** The AMQP port; 0 takes any that is free. Default: 5672. */
  readonly port?: number;
  /** The port of the HTTP side (see `openControlServer`). Default: 5300, or any that is free when `port` is 0. */
  readonly healthPort?: number;
  /** Default: localhost. */
  readonly host?: string;
  /** The key of the policy RootManageSharedAccessKey. Default: the official emulator's, SAS_KEY_VALUE. */
  readonly sasKey?: string;
  readonly journal?: JournalOptions;
  /** Limits that are to be others than the service's. */
  readonly limits?: Partial<AdjustableLimits>;
  /** How long a connection may be silent before it is closed; clients get to know it. Default: 240,000. */
  readonly idleTimeoutMs?: number;
  /** Epoch milliseconds. Default: Date.now. */
  readonly now?: () => number;
}

/** A broker that runs. */
export interface LocalServiceBus {
  /** For `new ServiceBusClient(...)`. */
  readonly connectionString: string;
  readonly port: number;
  readonly healthPort: number;
  /** Every message it took in. */
  readonly journal: Journal;
  /** What goes wrong. */
  readonly faults: Faults;
  /** Ends all connections and resolves when the ports are free again. Works twice. */
  close(): Promise<void>;
}

const policyName = 'RootManageSharedAccessKey';

/** Starts a local Service Bus that the unmodified SDK can talk to. Whoever opens it closes it. */
export async function openServiceBus(options: ServiceBusOptions): Promise<LocalServiceBus> {
  const host = options.host ?? 'localhost';
  const key = options.sasKey ?? 'SAS_KEY_VALUE';
  const now = options.now ?? Date.now;
  const config =
    options.namespace === undefined
      ? readEmulatorConfig(options.configFile ?? `${import.meta.dirname}/Config.json`)
      : namespaceConfig(options.namespace);
  const journal = new Journal(options.journal);
  const faults = new Faults();
  const rootPolicy = { name: policyName, key, rights };
  const policies = [rootPolicy, ...config.policies];
  const namespace = new Namespace({ ...config, policies }, journal, now);
  const limits = adjustedLimits(options.limits);
  const throttle = new Throttle(limits.creditsPerSecond);
  const addressOf = (path: string) => `sb://${host}/${path}`;
  const broker: Broker = { namespace, faults, limits, throttle, addressOf, now };

  const container = rhea.create_container({ id: namespace.name });
  container.sasl_server_mechanisms = saslMechanisms();
  const connections = new Map<Socket, ClientConnection>();
  const server = createServer((socket) => {
    socket.once('close', () => connections.delete(socket));
    const refused =
      connections.size >= limits.connections ? refusal.connectionsExceeded(namespace.name) : undefined;
    const idleTimeoutMs = options.idleTimeoutMs ?? 240_000;
    const connection = new ClientConnection(broker, container, socket, idleTimeoutMs, refused);
    connections.set(socket, connection);
    if (faults.has('freeze')) connection.freeze();
  });
  const healthPort = options.healthPort ?? (options.port === 0 ? 0 : 5300);
  const control = await openControlServer({ namespace, faults, journal, now }, healthPort, host);
  const port = await listen(server, options.port ?? 5672, host).catch(async (error: unknown) => {
    await control.close();
    throw error;
  });
  followFaults(faults, server, connections);

  const close = async () => {
    faults.onChange = () => undefined;
    const closed = [...connections.keys()].map((socket) => once(socket, 'close'));
    if (server.listening) closed.push(once(server, 'close'));
    server.close();
    for (const socket of connections.keys()) socket.destroy();
    await Promise.all([...closed, control.close()]);
    namespace.close();
    journal.close();
  };
  let closing: Promise<void> | undefined;
  return {
    connectionString: `Endpoint=sb://localhost:${port};SharedAccessKeyName=${policyName};SharedAccessKey=${key};UseDevelopmentEmulator=true;`,
    port,
    healthPort: control.port,
    journal,
    faults,
    close: () => (closing ??= close()),
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`Listening on ${host} has no port`);
  return address.port;
}

/** Lets the faults of the whole broker begin and end. */
function followFaults(
  faults: Faults,
  server: Server,
  connections: ReadonlyMap<Socket, ClientConnection>,
): void {
  // Without a name to look up it listens again before anybody who waited for that can connect.
  const { address, port } = server.address() as AddressInfo;
  let frozen = false;
  const struck = new WeakSet<InjectedFault>();
  faults.onChange = () => {
    if (faults.has('refuseConnections') === server.listening) {
      if (server.listening) server.close();
      else server.listen(port, address);
    }
    if (faults.has('freeze') !== frozen) {
      frozen = !frozen;
      for (const connection of connections.values()) {
        if (frozen) connection.freeze();
        else connection.thaw();
      }
    }
    for (const injected of faults.list()) {
      if (struck.has(injected)) continue;
      struck.add(injected);
      for (const connection of connections.values()) {
        if (injected.fault.kind === 'detachIdle') connection.detachIncoming();
        if (injected.fault.kind === 'detachReceivers') connection.detachOutgoing();
        if (injected.fault.kind === 'deafen') connection.deafen();
        if (injected.fault.kind === 'closeIdle') connection.close(refusal.connectionForced());
      }
    }
  };
}
