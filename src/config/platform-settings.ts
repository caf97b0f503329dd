import { ipAddress } from './api-settings.ts';
import { AT_START, setting } from './setting.ts';
import { orOff, port } from './setting-kinds.ts';

/** The settings of the protocol by which a VPS platform calls its gateways. */
export const PLATFORM_SETTINGS = {
  grpcPort: setting('off', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_GRPC_PORT',
    flag: 'grpc-port',
    kind: orOff(port),
    help: "TCP port of the VPS platform's own protocol (Connect), 1537 on the platform; it needs the secret of the API; off: none",
  }),
  grpcListen: setting('127.0.0.1', {
    group: 'Management',
    restart: AT_START,
    variable: 'GATEWAY_GRPC_LISTEN',
    flag: 'grpc-listen',
    kind: ipAddress,
    help: 'the address that this port is opened on: one that the platform reaches; 0.0.0.0 is all of them',
  }),
};
