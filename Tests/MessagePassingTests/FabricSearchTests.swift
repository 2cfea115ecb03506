import MessagePassing
import TestFiles
import Testing

@Suite struct FabricSearchTests {
  @Test("a node without an adapter of a fast network is not searched for one")
  func none() throws {
    let root = try TemporaryDirectory()
    let variables = FabricSearch.variables(systemAt: "\(root.path)/", environment: [:])
    #expect(variables == ["OMPI_MCA_mtl": "^psm,psm2,ofi"])
  }

  @Test("a node with an adapter is searched", arguments: FabricSearch.adapters)
  func some(adapter: String) throws {
    let root = try TemporaryDirectory()
    try root.write([], to: adapter)
    #expect(FabricSearch.variables(systemAt: "\(root.path)/", environment: [:]).isEmpty)
  }

  @Test("a choice of the user's stands", arguments: ["OMPI_MCA_mtl", "OMPI_MCA_pml"])
  func chosen(variable: String) throws {
    let root = try TemporaryDirectory()
    let environment = [variable: "ob1"]
    #expect(FabricSearch.variables(systemAt: "\(root.path)/", environment: environment).isEmpty)
  }
}
