import Foundation

/// A file made by `safetensors.numpy.save` of safetensors 0.8 for Python, in base 64.
enum ReferenceFile {
  static let bytes = Array(Data(base64Encoded: base64) ?? Data())

  private static let base64 = """
    YAIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJpNjQiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZS\
    I6WzFdLCJkYXRhX29mZnNldHMiOlswLDhdfSwiZjY0Ijp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOlsxXSwiZGF0YV9v\
    ZmZzZXRzIjpbOCwxNl19LCJhLmYzMiI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwzXSwiZGF0YV9vZmZzZXRzIj\
    pbMTYsNDBdfSwiYi5mMzIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls0MCw0NF19\
    LCJpMzIiOnsiZHR5cGUiOiJJMzIiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls0NCw0OF19LCJmMTYiOnsiZH\
    R5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls0OCw1NF19LCJpMTYiOnsiZHR5cGUiOiJJMTYi\
    LCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls1NCw1Nl19LCJpOCI6eyJkdHlwZSI6Ikk4Iiwic2hhcGUiOlsyXS\
    wiZGF0YV9vZmZzZXRzIjpbNTYsNThdfSwidTgiOnsiZHR5cGUiOiJVOCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0\
    cyI6WzU4LDU5XX0sImJvb2wiOnsiZHR5cGUiOiJCT09MIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNTksNj\
    FdfX0gICAgIPv/////////mpmZmZmZuT8AAAAAAAAAPwAAgD8AAMA/AAAAQAAAIEAAAKC/BwAAAAA4AMD/e9T+/wH/\
    AQA=
    """
}
