import CDPDKShim
import Labels
import Snapshots

/// What came of the wish to withdraw the session that holds a label.
public enum Withdrawal: Sendable {
  /// The session's owner was told.
  case ordered
  /// The label is given to nobody.
  case notGiven
  /// A health check along the path has the label, and no session.
  case healthCheck
  /// The owner has too many orders waiting.
  case busy
}

extension Appliance {
  /// Withdraws the session that holds a label, by its owner.
  ///
  /// - Parameter label: either one of the session's pair
  public func withdraw(label: UInt32) -> Withdrawal {
    func isGiven() -> Bool { shared.labelTable.load(label: label).state != .none }
    guard isGiven() else { return .notGiven }
    let pair = SessionLabel.pairIndex(of: label)
    let owner = Int(shared.labelTable.owner(of: pair, workers: UInt32(options.workers)))
    guard let ring = shared.orders[owner] else { return .notGiven }
    // A pair's session is noted before its labels are given, and forgotten after they were taken back.
    if workers[owner].labels.session(of: pair) == noIndex {
      return isGiven() ? .healthCheck : .notGiven
    }
    return shim_ring_send_word(ring, Order.withdraw(pair: pair)) == 0 ? .ordered : .busy
  }
}
