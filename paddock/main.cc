#include <cstdio>

int main() {
  std::puts("paddock");
  return 0;
}
