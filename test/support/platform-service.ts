import { create, createFileRegistry, type DescMethod, type DescService } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  TimestampSchema,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

/**
 * The platform's service as its notes tell it, written down once more and read by another library: a wrong number in the
 * tables of src/platform is a difference between the two. `type name=number`, as in a .proto file.
 */
const FILE = `
AllocateIPRequest: string vps_id=1, string organization_id=2, string mac_address=3, string preferred_ip=4
AllocateIPResponse: string ip_address=1, string subnet_mask=2, string gateway=3, repeated string dns_servers=4, Timestamp lease_expires=5
ReleaseIPRequest: string vps_id=1, string ip_address=2
ReleaseIPResponse: bool success=1, string message=2
ListIPsRequest: string organization_id=1, string vps_id=2
ListIPsResponse: repeated IPAllocation allocations=1
IPAllocation: string vps_id=1, string organization_id=2, string ip_address=3, string mac_address=4, Timestamp allocated_at=5, Timestamp lease_expires=6, bool is_public=7
GetGatewayInfoRequest:
GetGatewayInfoResponse: string version=1, string dhcp_pool_start=2, string dhcp_pool_end=3, string subnet_mask=4, string gateway_ip=5, repeated string dns_servers=6, int32 total_ips=7, int32 allocated_ips=8, string dhcp_status=9, string ssh_proxy_status=10
GetLeasesRequest:
GetLeasesResponse: repeated LeaseRecord leases=1
LeaseRecord: string mac_address=1, string ip_address=2, string hostname=3, Timestamp expires_at=4
GetOrgLeasesRequest: string organization_id=1, string vps_id=2
GetOrgLeasesResponse: repeated OrgLeaseRecord leases=1
OrgLeaseRecord: string vps_id=1, string organization_id=2, string mac_address=3, string ip_address=4, Timestamp expires_at=5, bool is_public=6
DesiredAllocation: string vps_id=1, string organization_id=2, string ip_address=3, string mac_address=4, bool is_public=5
SyncAllocationsRequest: repeated DesiredAllocation allocations=1
SyncAllocationsResponse: bool success=1, int32 added=2, int32 removed=3, string message=4, repeated DesiredAllocation discovered_allocations=5
AddStaticDHCPLeaseRequest: string mac_address=1, string ip_address=2, string vps_id=3, string organization_id=4, bool is_public=5
AddStaticDHCPLeaseResponse: bool success=1, string message=2
RemoveStaticDHCPLeaseRequest: string mac_address=1, string ip_address=2, string vps_id=3, string organization_id=4, bool is_public=5
RemoveStaticDHCPLeaseResponse: bool success=1, string message=2
AllocatePublicIPRequest: string vps_id=1
AllocatePublicIPResponse: string ip_address=1
ReleasePublicIPRequest: string vps_id=1
ReleasePublicIPResponse: bool success=1
ProxySSHRequest: string connection_id=1, bytes data=5
ProxySSHResponse: string connection_id=1, bytes data=3
GatewayRegistration: string gateway_id=1, string version=2, string gateway_ip=3, string dhcp_pool_start=4, string dhcp_pool_end=5, string subnet_mask=6, string gateway_ip_dhcp=7
GatewayRequest: string request_id=1, string method=2, bytes payload=3
GatewayResponse: string request_id=1, bool success=2, bytes payload=3, string error=4
GatewayMessage: string type=1, GatewayRegistration registration=2, string metrics=3, GatewayRequest request=4, GatewayResponse response=5, Timestamp heartbeat=6, SyncAllocationsRequest sync_allocations=7, SyncAllocationsResponse sync_result=8
FindVPSByLeaseRequest: string ip=1, string mac=2
FindVPSByLeaseResponse: string vps_id=1, string organization_id=2
`;

const METHODS = [
  'AllocateIP',
  'ReleaseIP',
  'ListIPs',
  'GetGatewayInfo',
  'GetLeases',
  'GetOrgLeases',
  'SyncAllocations',
  'AddStaticDHCPLease',
  'RemoveStaticDHCPLease',
  'AllocatePublicIP',
  'ReleasePublicIP',
] as const;
const STREAMS = { RegisterGateway: 'GatewayMessage', ProxySSH: 'ProxySSH' } as const;

const PACKAGE = 'obiente.cloud.vpsgateway.v1';
const TIMESTAMP = '.google.protobuf.Timestamp';
const SCALARS: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bool: Type.BOOL,
  int32: Type.INT32,
  bytes: Type.BYTES,
};

function fieldOf(text: string) {
  const [, repeated, type = '', name = '', number] =
    /^(repeated )?(\w+) (\w+)=(\d+)$/.exec(text.trim()) ?? [];
  const scalar = SCALARS[type];
  const typeName = type === 'Timestamp' ? TIMESTAMP : `.${PACKAGE}.${type}`;
  return {
    name,
    jsonName: name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    number: Number(number),
    label: repeated === undefined ? Label.OPTIONAL : Label.REPEATED,
    ...(scalar === undefined ? { type: Type.MESSAGE, typeName } : { type: scalar }),
  };
}

function messageOf(line: string) {
  const [name = '', fields = ''] = line.split(':');
  const texts = fields.split(',').filter((text) => text.trim() !== '');
  return { name, field: texts.map(fieldOf) };
}

const file = create(FileDescriptorProtoSchema, {
  name: 'obiente/cloud/vpsgateway/v1/gateway_service.proto',
  package: PACKAGE,
  syntax: 'proto3',
  dependency: ['google/protobuf/timestamp.proto'],
  messageType: FILE.trim().split('\n').map(messageOf),
  service: [
    {
      name: 'VPSGatewayService',
      method: [
        ...METHODS.map((name) => ({
          name,
          inputType: `.${PACKAGE}.${name}Request`,
          outputType: `.${PACKAGE}.${name}Response`,
        })),
        ...Object.entries(STREAMS).map(([name, message]) => ({
          name,
          inputType: `.${PACKAGE}.${message === 'ProxySSH' ? 'ProxySSHRequest' : message}`,
          outputType: `.${PACKAGE}.${message === 'ProxySSH' ? 'ProxySSHResponse' : message}`,
          clientStreaming: true,
          serverStreaming: true,
        })),
      ],
    },
  ],
});

const registry = createFileRegistry(file, (name) =>
  name === 'google/protobuf/timestamp.proto' ? TimestampSchema.file : undefined,
);

/** A message of the service, as @bufbuild/protobuf reads and writes it. */
export function schemaOf(name: string) {
  const found = registry.getMessage(`${PACKAGE}.${name}`);
  if (found === undefined) throw new Error(`there is no message ${name}`);
  return found;
}

export const PLATFORM_SERVICE: DescService = (() => {
  const found = registry.getService(`${PACKAGE}.VPSGatewayService`);
  if (found === undefined) throw new Error('there is no service');
  return found;
})();

export function methodOf(name: string): DescMethod {
  const found = PLATFORM_SERVICE.methods.find((method) => method.name === name);
  if (found === undefined) throw new Error(`there is no method ${name}`);
  return found;
}
