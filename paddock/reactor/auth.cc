#include "paddock/reactor/auth.h"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "core/base/check.h"

namespace paddock::reactor {
namespace {

std::string base64(const unsigned char* bytes, std::size_t count) {
  std::vector<unsigned char> text(4 * ((count + 2) / 3) + 1);
  const int length = EVP_EncodeBlock(text.data(), bytes, static_cast<int>(count));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

void add_once(core::IdentitySet& identities, core::Identity identity) {
  if (std::find(identities.begin(), identities.end(), identity) == identities.end())
    identities.push_back(std::move(identity));
}

}  // namespace

std::string digest_id(const std::string& algorithm, std::string_view data) {
  EVP_MD* digest = EVP_MD_fetch(nullptr, algorithm.c_str(), nullptr);
  CHECK(digest != nullptr);  // the configuration was refused otherwise
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int hash_bytes = 0;
  CHECK(EVP_Digest(data.data(), data.size(), hash, &hash_bytes, digest, nullptr) == 1);
  EVP_MD_free(digest);
  std::string id(data.substr(0, data.find(':')));
  return id.append(":").append(base64(hash, hash_bytes));
}

std::optional<core::IdentitySet> authenticate(const Config& config, const core::IdentitySet& before,
                                              const proto::Ustring& scheme,
                                              const proto::Buffer& data,
                                              std::string_view peer_address) {
  core::IdentitySet after = before;
  if (scheme == "ip") {
    add_once(after, {"ip", std::string(peer_address)});
    return after;
  }
  if (scheme != "digest" || !config.digest_auth_enabled || !data) return std::nullopt;
  std::string id = digest_id(config.digest_algorithm, as_text(*data));
  if (!config.super_digest.empty() && id == config.super_digest) add_once(after, {"super", ""});
  add_once(after, {"digest", std::move(id)});
  return after;
}

std::string_view shown_user(const core::Identity& identity) {
  const std::string_view id = identity.id;
  return identity.scheme == "digest" ? id.substr(0, id.find(':')) : id;
}

}  // namespace paddock::reactor
