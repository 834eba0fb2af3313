// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ICredit} from "../../abi/ICredit.sol";
import {IGridToken} from "../../abi/IGridToken.sol";
import {IMarket, Order} from "../../abi/IMarket.sol";
import {IPledge, PoolState, Position} from "../../abi/IPledge.sol";
import {IRegistry, Provider} from "../../abi/IRegistry.sol";
import {Base} from "./Base.sol";
import {Handler} from "./Handler.sol";

/// @title What holds after any sequence of calls: every invariant of the market, its money and its pledges
contract InvariantsTest is Base {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private _handler;

    function setUp() public override {
        _handler = new Handler();
        _handler.setUp();
        (token, credit, registry, market, council, pledge) = _handler.contracts();
        (its.market, its.credit, its.pledge) = (address(market), address(credit), address(pledge));
    }

    function targetContracts() external view returns (address[] memory t) {
        t = new address[](1);
        t[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory t) {
        t = new FuzzSelector[](1);
        t[0] = FuzzSelector(address(_handler), _handler.selectors());
    }

    function _now() private {
        vm.warp(_handler.clock());
        vm.roll(_handler.height());
    }

    /// @dev Without this the invariants could hold because nothing ever happens.
    function test_the_handler_does_everything() external {
        bytes4[] memory selectors = _handler.selectors();
        uint256 seed = 1;
        for (uint256 i = 0; i < 1500; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            bytes memory arguments = abi.encode(seed >> 8, keccak256(abi.encode(seed, 1)), keccak256(abi.encode(seed, 2)));
            bytes memory more = abi.encode(keccak256(abi.encode(seed, 3)), uint64(seed >> 64));
            bytes4 selector = selectors[seed % selectors.length];
            // Third arguments that are 64 bits wide stand there alone.
            bool narrow = selector == Handler.provide.selector || selector == Handler.extend.selector;
            if (narrow) arguments = abi.encode(seed >> 8, keccak256(abi.encode(seed, 1)), uint64(seed >> 64), uint64(seed >> 128));
            (bool ok,) = address(_handler).call(bytes.concat(selector, arguments, narrow ? bytes("") : more));
            require(ok, "the handler itself fails");
        }
        string[20] memory acts = [
            "redeem",
            "by hand",
            "claimTransfer",
            "set",
            "deregister",
            "createOrder",
            "createOrderWithQuote",
            "replaceOrder",
            "activateOrder",
            "suspend",
            "resume",
            "extendOrder",
            "settle",
            "withdraw",
            "cancelOrder",
            "pledge",
            "unpledge",
            "withdrawUnbonded",
            "claim",
            "executeSlash"
        ];
        for (uint256 i = 0; i < acts.length; ++i) {
            require(_handler.done(acts[i]) != 0, acts[i]);
        }
        this.invariant_orders();
        this.invariant_credits();
        this.invariant_pledges();
    }

    /// @dev Escrow, accrual and reservations of all orders.
    function invariant_orders() external {
        _now();
        uint256 unpaid = 0;
        uint256 unkept = 0;
        uint256[3] memory reserved;
        for (uint64 id = 1; id <= market.count(); ++id) {
            Order memory o = market.get(id);
            require(o.accrued <= o.deposit, "accrued and unaccrued are the deposit");
            require(o.accrued >= _handler.accruedBefore(id), "accrued never falls");
            same(o.accrued, _handler.earnedBy(id, o.settledAt), "the same payout however calls interleave");
            same(o.paidProvider + o.paidFee, o.accrued, "whatever accrued is paid");
            bool live = o.status == 1 || o.status == 2;
            same(o.paidUser, live ? 0 : o.deposit - o.accrued, "the rest comes back with the end");
            unpaid += o.deposit - o.paidProvider - o.paidUser - o.paidFee;
            require(o.profitMinted <= o.profit, "profit");
            if (!live) continue;
            same(market.current(o.user, o.provider), id, "one live order of a pair, the newest");
            unkept += o.profit - o.profitMinted;
            for (uint256 i = 0; i < 3; ++i) {
                if (o.provider == _handler.who(i)) reserved[i] += o.resources.cpuMilli;
            }
        }
        same(credit.balanceOf(its.market), unpaid, "the escrow is what is unpaid");
        (, uint256 promised,) = pledge.profit();
        same(promised, unkept, "promises are what live orders will bring");
        for (uint256 i = 0; i < 3; ++i) {
            Provider memory p = registry.get(_handler.who(i));
            require(p.available.cpuMilli <= p.total.cpuMilli, "no more than all is free");
            same(p.total.cpuMilli - p.available.cpuMilli, reserved[i], "resources come back once");
        }
    }

    /// @dev Credits and their backing.
    function invariant_credits() external {
        _now();
        uint256 sum = credit.balanceOf(its.market) + credit.balanceOf(its.pledge);
        uint256 pending = 0;
        for (uint256 i = 0; i < 6; ++i) {
            sum += credit.balanceOf(_handler.who(i));
            pending += credit.pending(_handler.who(i));
        }
        same(credit.totalSupply(), sum, "credits are somebody's");
        same(token.balanceOf(its.credit), credit.totalSupply() + pending, "each is backed");
        // What the protocol itself made and destroyed, it made and destroyed of tokens, too.
        same(
            credit.totalSupply() + _handler.redeemed() + 3 * MILLION + _handler.minted(),
            _handler.bought() + token.totalSupply(),
            "credits come and go by name only"
        );
        require(token.totalSupply() <= token.cap(), "cap");
    }

    /// @dev Pools, positions and profit.
    function invariant_pledges() external {
        _now();
        uint256 principal = 0;
        uint256 earned = 0;
        for (uint256 i = 0; i < 3; ++i) {
            address provider = _handler.who(i);
            PoolState memory pool = pledge.pool(provider);
            require(pool.total <= pool.shares && pool.shares <= pool.total << 32, "a share is worth at most a credit");
            uint256[4] memory sum; // all, active, incoming, worth
            for (uint256 j = 0; j < 6; ++j) {
                Position memory p = pledge.position(_handler.who(j), provider);
                sum[1] += p.state.active;
                sum[2] += p.state.incoming;
                for (uint256 k = 0; k < p.entries.length; ++k) {
                    sum[0] += p.entries[k].shares;
                }
                sum[3] += p.pledged + p.unbonding;
                earned += p.earned;
            }
            same(pool.shares, sum[0] + sum[1] + sum[2], "all shares are somebody's");
            same(pool.earning, sum[1], "and so are those that earn");
            same(pool.incoming, sum[2], "and those that will");
            require(sum[3] <= pool.total, "rounding is for the pool");
            principal += pool.total;
        }
        (uint256 unclaimed,,) = pledge.profit();
        require(earned <= unclaimed, "profit is paid out of what was minted for it");
        same(credit.balanceOf(its.pledge), principal + unclaimed, "principal never pays profit");
    }
}
