// swift-tools-version: 6.2

import PackageDescription

// TAGLINE_PURE=1 leaves out everything that needs DPDK, so that the pure modules build and test on
// any machine with a Swift toolchain. TAGLINE_DATAPLANE=1 leaves out what needs other packages:
// management and the programs. FUZZ=1 adds the libFuzzer targets, which only link under
// `--sanitize=fuzzer`.
let pureOnly = Context.environment["TAGLINE_PURE"] != nil
let dataplaneOnly = Context.environment["TAGLINE_DATAPLANE"] != nil
let fuzzing = Context.environment["FUZZ"] != nil

// DPDK's headers need SSE4.2; -march=corei7 is what Debian's DPDK itself is built for. SwiftPM
// cannot read libdpdk.pc (its Description spans lines), so the flags stand here.
let dpdkIncludes = ["-march=corei7", "-I/usr/include/dpdk", "-I/usr/include/x86_64-linux-gnu/dpdk"]
let dpdkLibraries = [
  "rte_eal", "rte_ethdev", "rte_mbuf", "rte_mempool", "rte_ring", "rte_rcu", "rte_hash",
  "rte_ip_frag", "rte_net",
]

let safe: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]
// The packet path works on raw memory throughout: marking each access `unsafe` would hide more than
// it shows, so its modules go without strict memory safety. They are held by the machine-code gate,
// AddressSanitizer and the fuzzers instead.
let packetPath: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .unsafeFlags([
    "-enforce-exclusivity=unchecked", "-Xfrontend", "-disable-stack-protector",
  ]),
]
let dpdk: [SwiftSetting] = [.unsafeFlags(dpdkIncludes.flatMap { ["-Xcc", $0] })]

let package = Package(
  name: "tagline",
  targets: [
    .target(name: "Wire", exclude: ["README.md"], swiftSettings: packetPath),
    .target(name: "Snapshots", exclude: ["README.md"], swiftSettings: packetPath),
    .target(
      name: "Labels", dependencies: ["Wire", "Snapshots"], exclude: ["README.md"],
      swiftSettings: packetPath),
    .target(
      name: "Sessions", dependencies: ["Wire", "Snapshots"], exclude: ["README.md"],
      swiftSettings: packetPath),
    .target(
      name: "Balancing", dependencies: ["Wire", "Snapshots"], exclude: ["README.md"],
      swiftSettings: packetPath),
    .target(
      name: "Simulation", dependencies: ["Balancing", "Snapshots"], exclude: ["README.md"],
      swiftSettings: safe),
    .target(name: "AdminProtocol", exclude: ["README.md"], swiftSettings: safe),
    .target(name: "Pcapng", exclude: ["README.md"], swiftSettings: safe),
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "WireTests", dependencies: ["TestSupport", "Wire"]),
    .testTarget(name: "SnapshotsTests", dependencies: ["Snapshots"]),
    .testTarget(name: "LabelsTests", dependencies: ["Labels", "TestSupport"]),
    .testTarget(name: "SessionsTests", dependencies: ["Sessions", "TestSupport"]),
    .testTarget(name: "BalancingTests", dependencies: ["Balancing", "TestSupport"]),
    .testTarget(name: "SimulationTests", dependencies: ["Simulation"]),
    .testTarget(name: "AdminProtocolTests", dependencies: ["AdminProtocol"]),
    .testTarget(name: "PcapngTests", dependencies: ["Pcapng"]),
  ],
  cLanguageStandard: .gnu11
)

if !pureOnly {
  package.targets += [
    .target(
      name: "CDPDKShim", path: "CDPDKShim", exclude: ["README.md"],
      cSettings: [.unsafeFlags(["-O3"] + dpdkIncludes)],
      linkerSettings: dpdkLibraries.map { .linkedLibrary($0) } + [
        .linkedLibrary("pcap"), .linkedLibrary("numa"),
      ]),
    .target(
      name: "Dataplane",
      dependencies: ["CDPDKShim", "Wire", "Snapshots", "Labels", "Sessions", "Balancing"],
      exclude: ["README.md"], swiftSettings: packetPath + dpdk),
    .testTarget(
      name: "DataplaneTests", dependencies: ["Dataplane", "TestSupport"], swiftSettings: dpdk),
  ]
}

if !pureOnly && !dataplaneOnly {
  package.dependencies += [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ]
  package.targets += [
    .target(name: "CLinux", exclude: ["README.md"], cSettings: [.unsafeFlags(["-O2"])]),
    .target(
      name: "Management",
      dependencies: [
        "AdminProtocol", "CLinux", "Dataplane", "Snapshots", "Labels", "Balancing", "Pcapng",
        "Wire",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Yams", package: "Yams"),
      ],
      exclude: ["README.md"], swiftSettings: safe + dpdk),
    .target(
      name: "Program",
      dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      exclude: ["README.md"], swiftSettings: safe),
    .executableTarget(
      name: "tagline",
      dependencies: [
        "Management", "Program",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["README.md"], swiftSettings: safe + dpdk),
    .target(
      name: "CMacswap", exclude: ["README.md"], cSettings: [.unsafeFlags(["-O3"] + dpdkIncludes)]),
    .target(
      name: "BenchRig",
      dependencies: [
        "CDPDKShim", "CMacswap", "Dataplane", "Labels", "Management", "Sessions", "Snapshots",
        "Wire",
      ],
      exclude: ["README.md"], swiftSettings: packetPath + dpdk),
    .target(
      name: "Bench", dependencies: ["AdminProtocol", "BenchRig", "Management"],
      exclude: ["README.md"], swiftSettings: safe + dpdk),
    .executableTarget(
      name: "tagline-bench",
      dependencies: [
        "Bench", "BenchRig", "Program",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["README.md"], swiftSettings: safe + dpdk),
    .executableTarget(
      name: "tagline-simulate",
      dependencies: [
        "Program", "Simulation", "Snapshots",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["README.md"], swiftSettings: safe),
    .executableTarget(
      name: "taglinectl",
      dependencies: [
        "AdminProtocol", "Program", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      exclude: ["README.md"], swiftSettings: safe),
    .plugin(name: "CompileBPF", capability: .buildTool()),
    .target(
      name: "CBPFShim", path: "CBPFShim", exclude: ["README.md", "program"],
      linkerSettings: [.linkedLibrary("bpf")]),
    .target(
      name: "Endpoint", dependencies: ["AdminProtocol", "CBPFShim", "Wire"],
      exclude: ["README.md"], swiftSettings: safe, plugins: ["CompileBPF"]),
    .executableTarget(
      name: "tagline-endpoint",
      dependencies: [
        "Endpoint", "Program",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["README.md"], swiftSettings: safe),
    .testTarget(
      name: "EndpointTests", dependencies: ["AdminProtocol", "CBPFShim", "Endpoint", "Wire"]),
    .testTarget(
      name: "ManagementTests",
      dependencies: [
        "AdminProtocol", "Management", "TestSupport",
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      swiftSettings: dpdk),
    .testTarget(
      name: "BenchTests", dependencies: ["AdminProtocol", "Bench", "BenchRig"],
      swiftSettings: dpdk),
    .testTarget(
      name: "TaglinectlTests", dependencies: ["AdminProtocol", "Management", "taglinectl"],
      swiftSettings: dpdk),
  ]
}

if fuzzing {
  let fuzzer: [SwiftSetting] = [.treatAllWarnings(as: .error), .unsafeFlags(["-parse-as-library"])]
  package.targets += [
    .target(
      name: "FuzzSupport", path: "Tests/fuzz/FuzzSupport",
      swiftSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "FuzzAnalyser", dependencies: ["FuzzSupport", "Wire"], path: "Tests/fuzz/FuzzAnalyser",
      swiftSettings: fuzzer),
    .executableTarget(
      name: "FuzzLabelTests", dependencies: ["FuzzSupport", "Labels", "Wire"],
      path: "Tests/fuzz/FuzzLabelTests", swiftSettings: fuzzer),
  ]
}
