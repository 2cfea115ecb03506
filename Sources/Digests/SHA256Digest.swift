import CCrypto

/// SHA-256 of a stream of bytes, by libcrypto.
///
/// The digest is written as 64 lowercase hexadecimal digits, as `sha256sum` prints it.
public final class SHA256Digest {
  private let context: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("EVP_MD_CTX_new: no memory") }
    self.context = context
    check(EVP_DigestInit_ex(context, EVP_sha256(), nil), "EVP_DigestInit_ex")
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Appends `bytes` to what is digested.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    check(EVP_DigestUpdate(context, base, bytes.count), "EVP_DigestUpdate")
  }

  /// The digest of everything appended; the object starts afresh.
  public func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    check(EVP_DigestFinal_ex(context, &digest, nil), "EVP_DigestFinal_ex")
    check(EVP_DigestInit_ex(context, EVP_sha256(), nil), "EVP_DigestInit_ex")
    let digits = Array("0123456789abcdef".utf8)
    let text = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// The digest of `bytes` alone.
  public static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
    let digest = SHA256Digest()
    digest.update(bytes)
    return digest.finish()
  }

  private func check(_ status: Int32, _ call: StaticString) {
    precondition(status == 1, "\(call) returned \(status)")
  }
}
