import { bytes, flag, int32, list, message, nested, TIME, text, texts } from './message-type.ts';

/** The service; a call of it is posted to /<service>/<method>. */
export const SERVICE = 'obiente.cloud.vpsgateway.v1.VPSGatewayService';

const ALLOCATION = message({
  vpsId: text(1),
  organizationId: text(2),
  ipAddress: text(3),
  macAddress: text(4),
  allocatedAt: nested(5, TIME),
  leaseExpires: nested(6, TIME),
  isPublic: flag(7),
});

const LEASE = message({
  macAddress: text(1),
  ipAddress: text(2),
  hostname: text(3),
  expiresAt: nested(4, TIME),
});

const ORGANIZATION_LEASE = message({
  vpsId: text(1),
  organizationId: text(2),
  macAddress: text(3),
  ipAddress: text(4),
  expiresAt: nested(5, TIME),
  isPublic: flag(6),
});

/** What the platform's database has of one VPS. */
export const DESIRED = message({
  vpsId: text(1),
  organizationId: text(2),
  ipAddress: text(3),
  macAddress: text(4),
  isPublic: flag(5),
});

const EMPTY = message({});
const BY_VPS = message({ organizationId: text(1), vpsId: text(2) });
const DONE = message({ success: flag(1), message: text(2) });
const STATIC = message({
  macAddress: text(1),
  ipAddress: text(2),
  vpsId: text(3),
  organizationId: text(4),
  isPublic: flag(5),
});

export const SYNC = message({ allocations: list(1, DESIRED) });
export const SYNCED = message({
  success: flag(1),
  added: int32(2),
  removed: int32(3),
  message: text(4),
  discoveredAllocations: list(5, DESIRED),
});

/** The calls that one request and one response make. */
export const UNARY = {
  AllocateIP: {
    request: message({
      vpsId: text(1),
      organizationId: text(2),
      macAddress: text(3),
      preferredIp: text(4),
    }),
    response: message({
      ipAddress: text(1),
      subnetMask: text(2),
      gateway: text(3),
      dnsServers: texts(4),
      leaseExpires: nested(5, TIME),
    }),
  },
  ReleaseIP: { request: message({ vpsId: text(1), ipAddress: text(2) }), response: DONE },
  ListIPs: { request: BY_VPS, response: message({ allocations: list(1, ALLOCATION) }) },
  GetGatewayInfo: {
    request: EMPTY,
    response: message({
      version: text(1),
      dhcpPoolStart: text(2),
      dhcpPoolEnd: text(3),
      subnetMask: text(4),
      gatewayIp: text(5),
      dnsServers: texts(6),
      totalIps: int32(7),
      allocatedIps: int32(8),
      dhcpStatus: text(9),
      sshProxyStatus: text(10),
    }),
  },
  GetLeases: { request: EMPTY, response: message({ leases: list(1, LEASE) }) },
  GetOrgLeases: { request: BY_VPS, response: message({ leases: list(1, ORGANIZATION_LEASE) }) },
  SyncAllocations: { request: SYNC, response: SYNCED },
  AddStaticDHCPLease: { request: STATIC, response: DONE },
  RemoveStaticDHCPLease: { request: STATIC, response: DONE },
} as const;
export type UnaryMethod = keyof typeof UNARY;

/** The call that is a stream both ways. */
export const REGISTER = 'RegisterGateway';
/** Calls of the service that are no work of a DHCP server. */
export const UNIMPLEMENTED = ['AllocatePublicIP', 'ReleasePublicIP', 'ProxySSH'] as const;

export const REGISTRATION = message({
  gatewayId: text(1),
  version: text(2),
  gatewayIp: text(3),
  dhcpPoolStart: text(4),
  dhcpPoolEnd: text(5),
  subnetMask: text(6),
  gatewayIpDhcp: text(7),
});

/** What travels on that stream. `type` says which of the other fields counts. */
export const GATEWAY_MESSAGE = message({
  type: text(1),
  registration: nested(2, REGISTRATION),
  metrics: text(3),
  request: nested(4, message({ requestId: text(1), method: text(2), payload: bytes(3) })),
  response: nested(5, message({ requestId: text(1), success: flag(2), payload: bytes(3), error: text(4) })),
  heartbeat: nested(6, TIME),
  syncAllocations: nested(7, SYNC),
  syncResult: nested(8, SYNCED),
});

/** The question that a gateway asks on the stream: whose card is that? */
export const FIND_VPS = {
  method: 'FindVPSByLease',
  request: message({ ip: text(1), mac: text(2) }),
  response: message({ vpsId: text(1), organizationId: text(2) }),
} as const;
