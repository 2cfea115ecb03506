import Recipes

/// Text that lists the training arms and the values that they set.
public enum ArmReport {
  /// One line per arm: its name, its row in the paper, its keys.
  public static var text: String {
    var table = TextTable(header: ["arm", "row", "keys"], leftAligned: 3)
    for arm in Arm.allCases {
      table.append([
        arm.rawValue, arm.title, arm.values.map { "\($0.key) \($0.text)" }.joined(separator: ", "),
      ])
    }
    return table.text
  }
}
