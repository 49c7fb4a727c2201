import Testing

/// All tests of the data plane, one after the other: they share DPDK's environment.
///
/// Expected packets are written by hand after the session label protocol and the RFCs; their bytes
/// come from `PacketBuilder`, which shares no code with the appliance.
@Suite(.serialized) enum DataplaneTests {}
