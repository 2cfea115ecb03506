#include "CEmbedded.h"

#include <string.h>

/* #embed is C23, and clang has it in every mode. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char digits[] = {
#embed "digits.csv.gz"
};

/* Each of these macros holds half of an initializer. */
/* clang-format off */
/* Around the bytes of a file they make { name, "text and a final zero" }. */
#define RECIPE(name) {name, (const unsigned char[]){
#define END , 0}},
/* clang-format on */

static const struct {
  const char *name;
  const unsigned char *text;
} recipes[] = {
#include "Recipes.h"
};

struct EmbeddedFile embedded_digits(void) {
  return (struct EmbeddedFile){"digits.csv.gz", digits, sizeof digits};
}

size_t embedded_recipe_count(void) { return sizeof recipes / sizeof recipes[0]; }

struct EmbeddedFile embedded_recipe(size_t index) {
  const unsigned char *text = recipes[index].text;
  return (struct EmbeddedFile){recipes[index].name, text, strlen((const char *)text)};
}
