import Foundation
import PackagePlugin

/// Compiles `CBPFShim/program/*.bpf.c` with the clang of the Swift toolchain, and gives the target
/// that uses this plugin each object as an array of bytes: `let endpointObject: [UInt8]`.
@main
struct CompileBPF: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let shim = context.package.directoryURL.appending(path: "CBPFShim")
    let headers = shim.appending(path: "include")
    let script = shim.appending(path: "program/compile")
    let clang = try context.tool(named: "clang").url
    let objcopy = try context.tool(named: "llvm-objcopy").url
    let output = context.pluginWorkDirectoryURL
    let included = try files(in: headers) { $0.hasSuffix(".h") }
    return try files(in: shim.appending(path: "program")) { $0.hasSuffix(".bpf.c") }.map { source in
      let name = source.lastPathComponent.dropLast(".bpf.c".count)
      return .buildCommand(
        displayName: "Compiling \(source.lastPathComponent)",
        executable: script,
        arguments: [
          clang.path, objcopy.path, source.path, headers.path,
          "/usr/include/\(architecture)-linux-gnu", output.path,
        ],
        inputFiles: [source, script] + included,
        outputFiles: [output.appending(path: "\(name)Object.swift")])
    }
  }

  private func files(in folder: URL, where isWanted: (String) -> Bool) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { isWanted($0.lastPathComponent) }
      .sorted { $0.path < $1.path }
  }

  /// As Debian names the folder of this machine's kernel headers (`asm/types.h`).
  private var architecture: String {
    #if arch(arm64)
      "aarch64"
    #else
      "x86_64"
    #endif
  }
}
