import MessagePassing
import Testing

@Suite struct MPIErrorTests {
  @Test("an error names the rank, the host, the call, the code and MPI's text")
  func words() {
    let error = MPIError.failed(
      call: "MPI_Allreduce", code: 5, text: "MPI_ERR_COMM: invalid communicator", rank: 3,
      host: "n7")
    #expect(
      "\(error)"
        == "rank 3 on n7: MPI_Allreduce failed with code 5: MPI_ERR_COMM: invalid communicator")
    #expect(MPIError.exitCode == 70)
  }

  @Test("an error before MPI numbers the ranks says so")
  func wordsWithoutRank() {
    let error = MPIError.failed(
      call: "MPI_Init_thread", code: 16, text: "MPI_ERR_OTHER: known error", rank: nil, host: "n7")
    #expect("\(error)".hasPrefix("a rank not numbered yet, on n7: MPI_Init_thread failed"))
  }
}
