import Testing

@testable import Endpoint

@Suite struct PacketSteeringTests {
  @Test(arguments: [
    ("0", [0]), ("0-1", [0, 1]), ("0-3,8", [0, 1, 2, 3, 8]), ("2,4-5", [2, 4, 5]),
  ])
  func listsAreRead(_ list: String, _ numbers: [Int]) {
    #expect(ProcessorSet(list: list)?.numbers == Set(numbers))
  }

  @Test(arguments: ["", "-", "1-", "3-1", "a", "0,", "0-1-2", "-1", "0-9223372036854775807"])
  func whatIsNoListIsNotRead(_ list: String) {
    #expect(ProcessorSet(list: list) == nil)
  }

  /// As the kernel shows such masks (`%*pb`), without the zeros in front.
  @Test(arguments: [
    ("0", "1"), ("0-1", "3"), ("0-3,8", "10f"), ("0-31", "ffffffff"), ("0-32", "1,ffffffff"),
    ("0-35", "f,ffffffff"), ("32", "1,00000000"), ("4,64", "1,00000000,00000010"),
  ])
  func masksAreGroupsOf32(_ list: String, _ mask: String) {
    #expect(ProcessorSet(list: list)?.mask == mask)
  }

  @Test func queuesWithoutAreNamed() throws {
    let processors = try #require(ProcessorSet(list: "0-35"))
    func advice(_ queues: [Int]) -> String? {
      PacketSteering(device: "eth0", queuesWithout: queues, processors: processors).advice
    }
    #expect(advice([]) == nil)
    #expect(
      advice([3])?.hasSuffix(
        "over 36 processors: `echo f,ffffffff > /sys/class/net/eth0/queues/rx-3/rps_cpus`") == true)
    #expect(
      advice([0, 2])?.hasSuffix(
        "`for queue in 0 2; do echo f,ffffffff > /sys/class/net/eth0/queues/rx-$queue/rps_cpus; done`"
      )
        == true)
  }
}
