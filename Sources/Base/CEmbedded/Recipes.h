/* Macros without semicolons confuse the formatter. */
/* clang-format off */
/* The recipes that the program carries. CEmbedded.c defines RECIPE and END: clang 21 crashes when
   #embed is given both a prefix and a suffix, so each entry takes three lines. */

RECIPE("digits")
#embed "recipes/digits.yaml"
END

RECIPE("fashion-mnist")
#embed "recipes/fashion-mnist.yaml"
END

RECIPE("cifar10-vgg11-lcnn")
#embed "recipes/cifar10-vgg11-lcnn.yaml"
END

RECIPE("cifar10-resnet18-standard")
#embed "recipes/cifar10-resnet18-standard.yaml"
END

RECIPE("cifar10-resnet18-lcnn")
#embed "recipes/cifar10-resnet18-lcnn.yaml"
END

RECIPE("cifar10-resnet18-gradreg")
#embed "recipes/cifar10-resnet18-gradreg.yaml"
END

RECIPE("cifar10-resnet18-lcnn-gradreg")
#embed "recipes/cifar10-resnet18-lcnn-gradreg.yaml"
END

RECIPE("cifar100-resnet18-lcnn-gradreg")
#embed "recipes/cifar100-resnet18-lcnn-gradreg.yaml"
END

RECIPE("cifar100-resnet18")
#embed "recipes/cifar100-resnet18.yaml"
END

RECIPE("cifar10-small")
#embed "recipes/cifar10-small.yaml"
END
