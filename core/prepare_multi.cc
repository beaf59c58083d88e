#include "core/prepare.h"
#include "core/stat.h"

namespace paddock::core {

/// Reads the request to its end before anything is done: a malformed one is refused as a whole.
void Preparation::count_multi(std::size_t& budget) {
  for (; budget > 0; --budget) {
    const auto header = proto::MultiReader(*reader_).next();
    if (header) proto::read_multi_op(*reader_, header->op, multi_op_);
    if (!reader_->ok()) return answer_without_txn(ErrorCode::marshalling_error);
    if (!header) {
      arena_.clear();
      reader_.emplace(request_->body, &arena_);
      phase_ = Phase::run_multi;
      return;
    }
    ++op_count_;
  }
}

void Preparation::run_multi(std::size_t& budget) {
  begin();
  for (; budget > 0 && op_index_ < op_count_; --budget, ++op_index_) {
    const auto header = proto::MultiReader(*reader_).next();
    CHECK(header.has_value());  // as counted
    proto::read_multi_op(*reader_, header->op, multi_op_);
    const ErrorCode err = run_multi_op(header->op);
    if (err != ErrorCode::ok) return fail_multi(err);
  }
  if (op_index_ < op_count_) return;
  proto::Writer reply(out_->reply_body);
  proto::write_multi_end(reply);
  finish(ErrorCode::ok);
}

/// Does multi_op_ and writes its result.
proto::ErrorCode Preparation::run_multi_op(OpCode op) {
  ErrorCode err = ErrorCode::ok;
  if (const auto* plain = std::get_if<proto::CreateRequest>(&multi_op_))
    return run_multi_create({op, plain->path, plain->data, &plain->acl, plain->flags});
  if (const auto* ttl = std::get_if<proto::CreateTtlRequest>(&multi_op_))
    return run_multi_create({op, ttl->path, ttl->data, &ttl->acl, ttl->flags, ttl->ttl_ms});
  proto::Writer reply(out_->reply_body);
  if (const auto* set = std::get_if<proto::SetDataRequest>(&multi_op_)) {
    Znode* node = nullptr;
    err = set_data(*set, node);
    if (err != ErrorCode::ok) return err;
    proto::write_multi_result(reply, OpCode::set_data);
    reply.write(stat_of(*Trie::newest(*node)));
    return err;
  }
  const auto& named = std::get<proto::PathVersionRequest>(multi_op_);
  err = op == OpCode::remove ? remove(named) : check(named);
  if (err == ErrorCode::ok) proto::write_multi_result(reply, op);
  return err;
}

proto::ErrorCode Preparation::run_multi_create(const Create& asked) {
  std::string_view path;
  Znode* node = nullptr;
  const ErrorCode err = create(asked, path, node);
  if (err != ErrorCode::ok) return err;
  proto::Writer reply(out_->reply_body);
  const bool with_stat = asked.op != OpCode::create;
  proto::write_multi_result(reply, with_stat ? OpCode::create2 : OpCode::create);
  reply.write(proto::Ustring(path));
  if (with_stat) reply.write(stat_of(*Trie::newest(*node)));
  return ErrorCode::ok;
}

/// A failed multi is a success whose body tells which operation failed: those before it would have
/// passed, those behind it were not tried. But what ZooKeeper trips over has no body.
void Preparation::fail_multi(ErrorCode err) {
  const std::size_t failed = op_index_;
  if (err == ErrorCode::marshalling_error) return answer_without_txn(err);
  answer_without_txn(ErrorCode::ok);
  proto::Writer reply(out_->reply_body);
  for (std::size_t i = 0; i < op_count_; ++i) {
    proto::write_multi_error(reply, i < failed    ? ErrorCode::ok
                                    : i == failed ? err
                                                  : ErrorCode::runtime_inconsistency);
  }
  proto::write_multi_end(reply);
}

}  // namespace paddock::core
