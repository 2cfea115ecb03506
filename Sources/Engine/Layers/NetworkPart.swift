/// What a network is made of, layer by layer, whichever way its passes are fused.
public enum NetworkPart {
  case layer(any Layer)
  /// y = ½·(F(x/√2) + S(x/√2)); without a shortcut S is the identity.
  case residual(branch: [NetworkPart], shortcut: [NetworkPart]?)
}
