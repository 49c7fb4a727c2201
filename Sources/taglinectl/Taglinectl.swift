import ArgumentParser

struct Taglinectl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "taglinectl",
    abstract: "Looks into a running Tagline appliance and changes it, over its admin socket.",
    discussion: """
      Exit codes: 0 done; 1 bad input, or the appliance refused; 2 the appliance cannot be reached.
      """,
    subcommands: [
      StatusCommand.self, ShowCommand.self, ServerCommand.self, SessionCommand.self,
      ReloadCommand.self, TraceCommand.self, CaptureCommand.self,
    ])

  @OptionGroup var connection: ConnectionOptions
}
