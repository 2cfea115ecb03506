import CCrypto
import Failures

/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces, computed by libcrypto.
///
/// ``hexadecimal()`` ends the computation; a digest is then used up.
public final class SHA256Digest {
  private let context: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      unreachable("libcrypto offers no SHA-256")
    }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Appends `bytes` to the input.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    require(status == 1, "libcrypto refused \(bytes.count) bytes, or the digest was used up")
  }

  /// The digest of all input, as 64 lowercase hexadecimal digits.
  public func hexadecimal() -> String {
    let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
      var written: UInt32 = 0
      let status = EVP_DigestFinal_ex(context, buffer.baseAddress, &written)
      require(status == 1, "the digest was used up")
      count = Int(written)
    }
    let digits = Array("0123456789abcdef".utf8)
    let characters = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: characters, as: UTF8.self)
  }

  /// The digest of `bytes`, as 64 lowercase hexadecimal digits.
  public static func hexadecimal(of bytes: UnsafeRawBufferPointer) -> String {
    let digest = SHA256Digest()
    digest.update(bytes)
    return digest.hexadecimal()
  }
}
